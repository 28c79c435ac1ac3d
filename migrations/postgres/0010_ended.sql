-- As SQLite's step 0009: a concert that is over is ended once and for good.
ALTER TABLE concerts ADD COLUMN ended_at BIGINT;
ALTER TABLE concerts ADD COLUMN emptied BIGINT NOT NULL DEFAULT 0;
