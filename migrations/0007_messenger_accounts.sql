-- Accounts at the messenger door: what people say of themselves, links that were mailed, and people found by their names.

ALTER TABLE users ADD COLUMN bio TEXT NOT NULL DEFAULT '';

-- Links that were mailed and were not used yet; a newer one of a kind takes the place of the older.
CREATE TABLE mailed_links (
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('confirm', 'reset', 'change')),
  token_hash TEXT NOT NULL,              -- SHA-256 (hex)
  email TEXT,                            -- of 'change': what the address shall become
  mail_key TEXT NOT NULL,                -- of its mail in `outbox`
  expires_at INTEGER,                    -- NULL: never
  PRIMARY KEY (user_id, kind),
  CHECK ((email IS NULL) = (kind != 'change'))
) WITHOUT ROWID;

-- Capitals and their small letters: Latin, Greek, Cyrillic. SQLite's own lower() knows ASCII only.
CREATE TABLE small_letters (
  capital TEXT PRIMARY KEY,
  small TEXT NOT NULL
) WITHOUT ROWID;
WITH RECURSIVE
  -- the first capital, the last, how far its small letter is, and from one capital to the next
  ranges(first, last, far, step) AS (VALUES
    (0x0041, 0x005a, 32, 1), (0x00c0, 0x00d6, 32, 1), (0x00d8, 0x00de, 32, 1), (0x0100, 0x012e, 1, 2),
    (0x0132, 0x0136, 1, 2),  (0x0139, 0x0147, 1, 2),  (0x014a, 0x0176, 1, 2),  (0x0179, 0x017d, 1, 2),
    (0x0391, 0x03a1, 32, 1), (0x03a3, 0x03ab, 32, 1), (0x0400, 0x040f, 80, 1), (0x0410, 0x042f, 32, 1),
    (0x0460, 0x0480, 1, 2),  (0x048a, 0x04be, 1, 2),  (0x04c1, 0x04cd, 1, 2),  (0x04d0, 0x052e, 1, 2)),
  letters(code, last, far, step) AS (SELECT first, last, far, step FROM ranges
    UNION ALL SELECT code + step, last, far, step FROM letters WHERE code + step <= last)
INSERT INTO small_letters(capital, small) SELECT char(code), char(code + far) FROM letters;

-- Names as others see them, and in small letters: so they are compared and put in order.
CREATE TABLE shown_names (
  user_id INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  small TEXT NOT NULL DEFAULT ''         -- set by the trigger below
);
CREATE INDEX shown_names_small ON shown_names (small, user_id);

-- Every end of such a name (of "anna": anna, nna, na, a), up to 24 characters of it: what a name contains, one of its
-- ends begins with.
CREATE TABLE name_ends (
  name_end TEXT NOT NULL,
  user_id INTEGER NOT NULL,
  PRIMARY KEY (name_end, user_id)
) WITHOUT ROWID;

CREATE TRIGGER shown_names_added AFTER INSERT ON shown_names BEGIN
  UPDATE shown_names SET small = (SELECT text FROM (WITH RECURSIVE letters(place, text) AS (SELECT 1, '' UNION ALL
      SELECT place + 1, text || coalesce((SELECT small FROM small_letters WHERE capital = substr(NEW.name, place, 1)),
        substr(NEW.name, place, 1)) FROM letters WHERE place <= length(NEW.name))
    SELECT text FROM letters ORDER BY place DESC LIMIT 1)) WHERE user_id = NEW.user_id;
  INSERT OR IGNORE INTO name_ends(name_end, user_id) SELECT substr(small, place, 24), user_id FROM shown_names JOIN
    (WITH RECURSIVE places(place) AS (SELECT 1 UNION ALL SELECT place + 1 FROM places WHERE place < length(NEW.name))
     SELECT place FROM places) WHERE user_id = NEW.user_id;
END;
CREATE TRIGGER shown_names_dropped AFTER DELETE ON shown_names BEGIN
  DELETE FROM name_ends WHERE user_id = OLD.user_id AND name_end IN (SELECT substr(OLD.small, place, 24) FROM
    (WITH RECURSIVE places(place) AS (SELECT 1 UNION ALL SELECT place + 1 FROM places WHERE place < length(OLD.small))
     SELECT place FROM places));
END;

CREATE VIEW names_to_show AS
  SELECT id, coalesce(name, username, substr(email, 1, instr(email, '@') - 1)) AS name FROM users
  WHERE deleted_at IS NULL;

CREATE TRIGGER users_named AFTER INSERT ON users BEGIN
  INSERT INTO shown_names(user_id, name) SELECT id, name FROM names_to_show WHERE id = NEW.id AND name != '';
END;
CREATE TRIGGER users_renamed AFTER UPDATE OF name, username, email, deleted_at ON users BEGIN
  DELETE FROM shown_names WHERE user_id = NEW.id;
  INSERT INTO shown_names(user_id, name) SELECT id, name FROM names_to_show WHERE id = NEW.id AND name != '';
END;

INSERT INTO shown_names(user_id, name) SELECT id, name FROM names_to_show WHERE name != '';
