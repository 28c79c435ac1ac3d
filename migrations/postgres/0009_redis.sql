-- Whoever adds a commit says whether the others are to hear of it from here (pg_notify), or hear of it from Redis.
DROP TRIGGER commits_noted ON commits;
DROP FUNCTION commit_noted();
