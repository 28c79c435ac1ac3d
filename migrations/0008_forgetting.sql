-- What is over is forgotten a little at a time, the oldest first: sessions that nobody renewed, links that were mailed.
CREATE INDEX sessions_standing ON sessions (door, coalesce(rotated_at, created_at)) WHERE ended_at IS NULL;
CREATE INDEX mailed_links_expires ON mailed_links (expires_at) WHERE expires_at IS NOT NULL;
