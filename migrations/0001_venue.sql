-- People, their sessions, the venue's halls, and the log of what happened.
-- Times are integer milliseconds since 1970 UTC.

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  username TEXT UNIQUE,
  totp_secret TEXT,                       -- 32 characters; the key of the HMAC
  totp_step INTEGER NOT NULL DEFAULT 0,   -- the last 30 s step whose code was used: a code is used once
  recovery_phrase TEXT,                   -- scrypt, salt_hex:key_hex
  role TEXT NOT NULL DEFAULT 'visitor' CHECK (role IN ('visitor', 'staff')),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,                    -- the `sid` of its tokens
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  door TEXT NOT NULL CHECK (door IN ('seats', 'tickets', 'messenger')),
  agent TEXT NOT NULL,                    -- User-Agent as sent
  ip TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  ended_at INTEGER                        -- signed out or revoked: its tokens are dead
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE cinemas (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  color TEXT NOT NULL,
  created_at INTEGER NOT NULL
);

CREATE TABLE halls (
  id INTEGER PRIMARY KEY,
  cinema_id INTEGER NOT NULL REFERENCES cinemas (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  rows INTEGER NOT NULL,
  places INTEGER NOT NULL,
  plan_hash TEXT NOT NULL,                -- 16 hex digits, changes with the geometry
  created_at INTEGER NOT NULL,
  UNIQUE (cinema_id, name)
);

-- What is drawn around the seats: stages, walls, words. Meanings as in src/models/plan.h.
CREATE TABLE areas (
  hall_id INTEGER NOT NULL REFERENCES halls (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,                -- order of drawing
  shape INTEGER NOT NULL,
  x INTEGER NOT NULL,
  y INTEGER NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  radius INTEGER NOT NULL,
  rotation REAL NOT NULL,
  points TEXT NOT NULL,                   -- "x,y x,y ..."
  color TEXT NOT NULL,
  border_color TEXT NOT NULL,
  text TEXT NOT NULL,
  text_color TEXT NOT NULL,
  text_size INTEGER NOT NULL,
  text_x INTEGER NOT NULL,
  text_y INTEGER NOT NULL,
  PRIMARY KEY (hall_id, number)
) WITHOUT ROWID;

CREATE TABLE seat_types (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  color TEXT NOT NULL
);

CREATE TABLE seats (
  id INTEGER PRIMARY KEY,
  hall_id INTEGER NOT NULL REFERENCES halls (id) ON DELETE CASCADE,
  seat_type_id INTEGER NOT NULL REFERENCES seat_types (id),
  row INTEGER NOT NULL,
  place INTEGER NOT NULL,
  x INTEGER NOT NULL,
  y INTEGER NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  rotation REAL NOT NULL,
  status INTEGER NOT NULL DEFAULT 0 CHECK (status BETWEEN 0 AND 3),  -- VACANT, RESERVED, OCCUPIED, MAINTENANCE
  reserved_by INTEGER REFERENCES users (id) ON DELETE SET NULL,
  updated_at INTEGER NOT NULL,
  guid TEXT,                              -- what the imported plan calls it
  zone TEXT,
  row_label TEXT,
  place_label TEXT,
  UNIQUE (hall_id, row, place),
  CHECK (reserved_by IS NULL OR status = 1)
);
CREATE INDEX seats_hall ON seats (hall_id, id);
CREATE INDEX seats_reserved_by ON seats (reserved_by) WHERE reserved_by IS NOT NULL;

-- What subscribers saw, in the order of its commits: one topic's seq has no gap.
CREATE TABLE events (
  topic TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,                  -- JSON
  PRIMARY KEY (topic, seq)
) WITHOUT ROWID;
