-- Search in messages, the age of messages, and who has blocked whom.

-- What a message is found by: its words, and as words of their own its two people ('u<id>') and its dialog ('d<id>'),
-- with U+E000 before them, which is in nobody's words.
CREATE VIEW message_texts AS
  SELECT id, char(57344) || 'u' || sender_id || ' ' || char(57344) || 'u' || receiver_id || ' ' || char(57344) || 'd' ||
    dialog_id AS people, text FROM messages;

-- The index of the texts. Beginnings of two letters have lists of their own: they stand in nearly every message.
CREATE VIRTUAL TABLE message_words USING fts5(people, text, content='message_texts', content_rowid='id', columnsize=0,
  prefix='2', tokenize='unicode61 remove_diacritics 2');
-- Merging is done in small steps by whoever fills it, and not all at once by the one who happens to be the last.
INSERT INTO message_words(message_words, rank) VALUES('automerge', 0);

-- Every word of the index, for `foyer verify`.
CREATE VIRTUAL TABLE message_terms USING fts5vocab(message_words, instance);

-- New messages are indexed many at once, a moment after they came: messages up to this number are in the index.
CREATE TABLE message_index (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  indexed_to INTEGER NOT NULL
);
INSERT INTO message_index(id, indexed_to) VALUES(1, 0);

CREATE INDEX messages_created ON messages (created_at);

CREATE TABLE blocks (
  user_id INTEGER NOT NULL REFERENCES users (id),     -- who wants to hear nothing
  blocked_id INTEGER NOT NULL REFERENCES users (id),  -- from whom
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, blocked_id),
  CHECK (user_id != blocked_id)
) WITHOUT ROWID;
