-- Dialogs and their messages.

-- Two people who write to each other, or one who writes to himself. It goes with its last message; its number is never
-- used again, because what happened in it stays in `events` (topic "dialog:<id>").
CREATE TABLE dialogs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  low_id INTEGER NOT NULL REFERENCES users (id),   -- the smaller of the two
  high_id INTEGER NOT NULL REFERENCES users (id),
  created_at INTEGER NOT NULL,
  UNIQUE (low_id, high_id),
  CHECK (low_id <= high_id)
);
CREATE INDEX dialogs_high ON dialogs (high_id);

CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  dialog_id INTEGER NOT NULL REFERENCES dialogs (id),
  seq INTEGER NOT NULL,                  -- of the event that brought it: the order of the dialog
  sender_id INTEGER NOT NULL REFERENCES users (id),
  receiver_id INTEGER NOT NULL REFERENCES users (id),
  text TEXT NOT NULL,
  created_at INTEGER NOT NULL,           -- never before the message that stands before it
  updated_at INTEGER NOT NULL,           -- when it was edited
  is_updated INTEGER NOT NULL DEFAULT 0,
  is_read INTEGER NOT NULL,
  UNIQUE (dialog_id, seq)
);
CREATE INDEX messages_unread ON messages (dialog_id, receiver_id) WHERE is_read = 0;

-- How many messages of a dialog stand in each 1,024 numbers of its order: a page is found by adding up, however deep.
CREATE TABLE message_blocks (
  dialog_id INTEGER NOT NULL REFERENCES dialogs (id),
  block INTEGER NOT NULL,                -- seq / 1024
  count INTEGER NOT NULL CHECK (count > 0),
  PRIMARY KEY (dialog_id, block)
) WITHOUT ROWID;

-- Names that clients gave to what they sent: sent again it is the same message, also when that was deleted.
CREATE TABLE message_names (
  sender_id INTEGER NOT NULL REFERENCES users (id),
  client_id TEXT NOT NULL,
  message_id INTEGER NOT NULL,
  PRIMARY KEY (sender_id, client_id)
) WITHOUT ROWID;
