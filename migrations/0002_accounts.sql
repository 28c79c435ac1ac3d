-- Accounts by e-mail beside those by authenticator, what a session list shows, refresh tokens, and answers kept for
-- requests that are sent again.

ALTER TABLE users ADD COLUMN public_id TEXT;           -- 24 hex digits, what the tickets door calls a person
UPDATE users SET public_id = lower(hex(randomblob(12)));
CREATE UNIQUE INDEX users_public_id ON users (public_id);
ALTER TABLE users ADD COLUMN email TEXT;               -- trimmed, in lower case
CREATE UNIQUE INDEX users_email ON users (email) WHERE email IS NOT NULL;
ALTER TABLE users ADD COLUMN email_confirmed_at INTEGER;
ALTER TABLE users ADD COLUMN password_hash TEXT;       -- argon2id; of imported accounts bcrypt, until the next sign-in
ALTER TABLE users ADD COLUMN name TEXT;                -- as others see it
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'ru'));
ALTER TABLE users ADD COLUMN deleted_at INTEGER;

ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN os TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN browser TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN refresh_hash TEXT;      -- SHA-256 (hex) of the refresh token; NULL: the door has none
ALTER TABLE sessions ADD COLUMN superseded_hash TEXT;   -- of the one before it, good for 30 s more
ALTER TABLE sessions ADD COLUMN rotated_at INTEGER;
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

-- Addresses that were sent a code and have not proved it yet: new accounts, and an e-mail added to an account (user_id).
CREATE TABLE signups (
  email TEXT PRIMARY KEY,
  user_id INTEGER REFERENCES users (id) ON DELETE CASCADE,
  password_hash TEXT,
  name TEXT,
  language TEXT NOT NULL,
  code_hash TEXT NOT NULL,               -- SHA-256 (hex) of email:code
  tries INTEGER NOT NULL DEFAULT 0,
  mail_key TEXT NOT NULL,                -- of its mail in `outbox`
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX signups_expires ON signups (expires_at);
CREATE INDEX signups_user ON signups (user_id) WHERE user_id IS NOT NULL;

-- What leaves the machine (law 6): done by couriers at least once, each with an idempotency key.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,                    -- a row of the program's table of effects
  key TEXT NOT NULL UNIQUE,              -- the same key is the same effect
  payload TEXT NOT NULL,                 -- JSON
  created_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,               -- not before
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  done_at INTEGER,                       -- it is over
  given_up INTEGER NOT NULL DEFAULT 0    -- and was not done
);
CREATE INDEX outbox_due ON outbox (kind, due_at) WHERE done_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

-- Answers to requests with an Idempotency-Key, so that the same request sent again has the same answer and no effect.
CREATE TABLE answers (
  scope TEXT NOT NULL,                   -- who asked: an account or an address
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,            -- of method, path and body: another request may not use the key
  reply TEXT NOT NULL,
  sid TEXT,                              -- the session that it opened
  at INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE INDEX answers_at ON answers (at);

-- Who is told of bookings by HTTP (Standard Webhooks).
CREATE TABLE webhooks (
  id INTEGER PRIMARY KEY,
  url TEXT NOT NULL UNIQUE,
  secret TEXT NOT NULL,                  -- whsec_ and base64
  created_at INTEGER NOT NULL,
  disabled_at INTEGER
);
