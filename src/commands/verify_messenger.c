// The invariants of dialogs and their messages.
#include "commands/verify.h"

const Invariant verify_messenger[] = {
    {"a message is between the two of its dialog",
     "SELECT 'message ' || m.id FROM messages m JOIN dialogs d ON d.id = m.dialog_id WHERE min(m.sender_id,"
     " m.receiver_id) != d.low_id OR max(m.sender_id, m.receiver_id) != d.high_id"},
    {"a message came with an event of its dialog, and the same one with nothing else",
     "SELECT 'message ' || m.id FROM messages m LEFT JOIN events e ON e.topic = 'dialog:' || m.dialog_id AND"
     " e.seq = m.seq WHERE e.kind IS DISTINCT FROM 'message'"},
    {"later in a dialog is later in number and never earlier in time",
     "SELECT 'message ' || id FROM (SELECT id, created_at, lag(id) OVER w AS before, lag(created_at) OVER w AS was FROM"
     " messages WINDOW w AS (PARTITION BY dialog_id ORDER BY seq)) line WHERE id < before OR created_at < was"},
    {"the blocks of a dialog count its messages",
     "SELECT 'dialog ' || dialog_id || ' block ' || block FROM (SELECT dialog_id, block, count FROM message_blocks "
     "UNION"
     " ALL SELECT dialog_id, seq / 1024, -count(*) FROM messages GROUP BY 1, 2) counts GROUP BY dialog_id, block"
     " HAVING sum(count) != 0"},
    {"a dialog has messages", "SELECT 'dialog ' || id FROM dialogs WHERE id NOT IN (SELECT dialog_id FROM messages)"},
    {"what one writes to oneself is read",
     "SELECT 'message ' || id FROM messages WHERE sender_id = receiver_id AND is_read = 0"},
    {"a message that is there has one name at most, given by its sender",
     "SELECT 'message ' || m.id FROM message_names n JOIN messages m ON m.id = n.message_id GROUP BY m.id HAVING"
     " count(*) > 1 OR max(n.sender_id) != m.sender_id"},
    {"a message that can be searched for is found among those of its two people and of its dialog, and no other is",
     SQL_FORMS(
         "SELECT 'message ' || id || ' ' || substr(term, 2) FROM (SELECT doc AS id, term, 1 AS n FROM message_terms "
         "WHERE"
         " col = 'people' UNION ALL SELECT m.id, char(57344) || 'u' || m.sender_id, -1 FROM messages m JOIN "
         "message_index x"
         " ON m.id <= x.indexed_to UNION ALL SELECT m.id, char(57344) || 'u' || m.receiver_id, -1 FROM messages m JOIN"
         " message_index x ON m.id <= x.indexed_to UNION ALL SELECT m.id, char(57344) || 'd' || m.dialog_id, -1 FROM"
         " messages m JOIN message_index x ON m.id <= x.indexed_to) GROUP BY id, term HAVING sum(n) != 0",
         "SELECT 'message ' || id FROM message_texts t FULL JOIN (SELECT id, (SELECT array_agg(lexeme ORDER BY lexeme) "
         "FROM"
         " unnest(words) WHERE starts_with(lexeme, chr(57344))) AS people FROM message_words) w USING (id)"
         " WHERE w.people IS DISTINCT FROM (SELECT array_agg(DISTINCT person ORDER BY person) FROM"
         " unnest(string_to_array(t.people, ' ')) person)")},
    // As far as SQL can tell by itself what a word is: in plain ASCII.
    {"a message is found by words that are in it",
     SQL_FORMS(
         "SELECT 'message ' || t.doc || ': ' || t.term FROM message_terms t LEFT JOIN messages m ON m.id = t.doc WHERE"
         " t.col = 'text' AND (m.id IS NULL OR (m.text NOT GLOB '*[^ -~]*' AND instr(lower(m.text), t.term) = 0))",
         "SELECT 'message ' || w.id || ': ' || lexeme FROM message_words w LEFT JOIN messages m ON m.id = w.id, "
         "unnest(words)"
         " WHERE NOT starts_with(lexeme, chr(57344)) AND (m.id IS NULL OR (m.text !~ '[^ -~]' AND"
         " strpos(lower(m.text), lexeme) = 0))")},
    {"no message stands before one that has gone by its age",
     "SELECT 'message ' || m.id FROM events e JOIN messages m ON m.dialog_id = CAST(CASE WHEN e.topic LIKE 'dialog:%'"
     " THEN substr(e.topic, 8) END AS BIGINT) AND m.seq <= CAST(CASE WHEN e.kind = 'expired' THEN"
     " json_extract(e.payload, '$.to') END AS BIGINT)"},
    {"a link that confirms an address is of an account that has one and has not proved it",
     "SELECT 'user ' || u.id FROM mailed_links l JOIN users u ON u.id = l.user_id WHERE l.kind = 'confirm' AND"
     " (u.email IS NULL OR u.email_confirmed_at IS NOT NULL OR u.deleted_at IS NOT NULL)"},
    {"a person is found by the name that others see, and who was deleted is not",
     "SELECT 'user ' || coalesce(s.user_id, n.id) FROM names_to_show n FULL JOIN shown_names s ON s.user_id = n.id"
     " WHERE coalesce(n.name, '') != coalesce(s.name, '')"},
    {"a name is found by its ends, and no other is",
     "SELECT 'user ' || e.user_id FROM name_ends e LEFT JOIN shown_names s ON s.user_id = e.user_id WHERE"
     " coalesce(instr(s.small, e.name_end), 0) = 0 UNION ALL SELECT 'user ' || s.user_id FROM shown_names s WHERE"
     " NOT EXISTS (SELECT 1 FROM name_ends WHERE name_end = substr(s.small, 1, 24) AND user_id = s.user_id)"},
    {"nobody has more than five sessions of the messenger door",
     "SELECT 'user ' || user_id FROM sessions WHERE door = 'messenger' AND ended_at IS NULL GROUP BY user_id"
     " HAVING count(*) > 5"},
};
const size_t verify_messenger_count = sizeof verify_messenger / sizeof verify_messenger[0];
