-- What the tests' statements say in SQLite's words, for PostgreSQL: made in the database that the tests' databases are copies of.
CREATE FUNCTION append(TEXT, TEXT, separator TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS
  'SELECT CASE WHEN $2 IS NULL THEN $1 WHEN $1 IS NULL THEN $2 ELSE $1 || $3 || $2 END';
CREATE FUNCTION append(TEXT, TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$ SELECT append($1, $2, ',') $$;
CREATE FUNCTION append(TEXT, BIGINT, separator TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS 'SELECT append($1, $2::TEXT, $3)';
CREATE FUNCTION append(TEXT, BIGINT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$ SELECT append($1, $2::TEXT, ',') $$;
CREATE AGGREGATE group_concat(TEXT) (SFUNC = append, STYPE = TEXT);
CREATE AGGREGATE group_concat(TEXT, TEXT) (SFUNC = append, STYPE = TEXT);
CREATE AGGREGATE group_concat(BIGINT) (SFUNC = append, STYPE = TEXT);
CREATE AGGREGATE group_concat(BIGINT, TEXT) (SFUNC = append, STYPE = TEXT);

-- '%024x' and '%024d': filled with zeros.
CREATE FUNCTION printf(format TEXT, BIGINT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
  SELECT lpad(CASE WHEN $1 LIKE '%x' THEN to_hex($2) ELSE $2::TEXT END, substr($1, 2, length($1) - 2)::INTEGER, '0')
$$;
CREATE FUNCTION json_path(TEXT) RETURNS TEXT[] LANGUAGE sql IMMUTABLE AS
  $$ SELECT string_to_array(replace(translate(substr($1, 3), ']', ''), '[', '.'), '.') $$;
CREATE FUNCTION json_set(TEXT, path TEXT, TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS
  'SELECT jsonb_set($1::JSONB, json_path($2), to_jsonb($3))';
CREATE FUNCTION json_set(TEXT, path TEXT, BIGINT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS
  'SELECT jsonb_set($1::JSONB, json_path($2), to_jsonb($3))';

-- The words of the index.
CREATE VIEW message_terms AS SELECT id AS doc, lexeme AS term FROM message_words, unnest(words);

-- The columns' own conditions, which a test of broken data takes away.
CREATE FUNCTION drop_checks() RETURNS INTEGER LANGUAGE plpgsql AS $$ DECLARE item RECORD; BEGIN
  FOR item IN SELECT conname, conrelid::REGCLASS AS owner FROM pg_constraint WHERE contype = 'c' AND conrelid != 0 LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', item.owner, item.conname);
  END LOOP;
  RETURN 0;
END $$;

-- Rows that bring their own ids: the next one without follows them, as in SQLite.
CREATE FUNCTION follow_ids() RETURNS TRIGGER LANGUAGE plpgsql AS $$ DECLARE sequence TEXT; last BIGINT; highest BIGINT; BEGIN
  sequence := pg_get_serial_sequence(TG_TABLE_NAME, 'id');
  EXECUTE format('SELECT CASE WHEN is_called THEN last_value ELSE 0 END, (SELECT max(id) FROM %I) FROM %s', TG_TABLE_NAME,
    sequence) INTO last, highest;
  IF highest > last THEN PERFORM setval(sequence, highest); END IF;
  RETURN NULL;
END $$;
DO $$ DECLARE item RECORD; BEGIN
  FOR item IN SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'id'
    AND is_identity = 'YES' LOOP
    EXECUTE format('CREATE TRIGGER follow_ids AFTER INSERT ON %I FOR EACH STATEMENT EXECUTE FUNCTION follow_ids()', item.table_name);
  END LOOP;
END $$;
