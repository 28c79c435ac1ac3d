-- When people were last seen.

ALTER TABLE users ADD COLUMN last_seen_at INTEGER;                      -- NULL: never, or it is not to be shown
ALTER TABLE users ADD COLUMN shows_last_seen INTEGER NOT NULL DEFAULT 1;

-- The partners of somebody in the order of their ids, page by page, from the index alone.
DROP INDEX dialogs_high;
CREATE INDEX dialogs_high ON dialogs (high_id, low_id);
