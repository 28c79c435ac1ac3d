-- A concert that is over is ended once and for good: then its hall's seats are free for the next one.
ALTER TABLE concerts ADD COLUMN ended_at INTEGER;                     -- NULL: it is not over
ALTER TABLE concerts ADD COLUMN emptied INTEGER NOT NULL DEFAULT 0;   -- it is over, nobody waits for it, it holds no seat
