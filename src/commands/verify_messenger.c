// The invariants of dialogs and their messages.
#include "commands/verify.h"

const Invariant verify_messenger[] = {
    {"a message is between the two of its dialog",
     "SELECT 'message ' || m.id FROM messages m JOIN dialogs d ON d.id = m.dialog_id WHERE min(m.sender_id,"
     " m.receiver_id) != d.low_id OR max(m.sender_id, m.receiver_id) != d.high_id"},
    {"a message came with an event of its dialog, and the same one with nothing else",
     "SELECT 'message ' || m.id FROM messages m LEFT JOIN events e ON e.topic = 'dialog:' || m.dialog_id AND"
     " e.seq = m.seq WHERE e.kind IS NOT 'message'"},
    {"later in a dialog is later in number and never earlier in time",
     "SELECT 'message ' || id FROM (SELECT id, created_at, lag(id) OVER w AS before, lag(created_at) OVER w AS was FROM"
     " messages WINDOW w AS (PARTITION BY dialog_id ORDER BY seq)) WHERE id < before OR created_at < was"},
    {"the blocks of a dialog count its messages",
     "SELECT 'dialog ' || dialog_id || ' block ' || block FROM (SELECT dialog_id, block, count FROM message_blocks "
     "UNION"
     " ALL SELECT dialog_id, seq / 1024, -count(*) FROM messages GROUP BY 1, 2) GROUP BY dialog_id, block"
     " HAVING sum(count) != 0"},
    {"a dialog has messages", "SELECT 'dialog ' || id FROM dialogs WHERE id NOT IN (SELECT dialog_id FROM messages)"},
    {"what one writes to oneself is read",
     "SELECT 'message ' || id FROM messages WHERE sender_id = receiver_id AND is_read = 0"},
    {"a message that is there has one name at most, given by its sender",
     "SELECT 'message ' || m.id FROM message_names n JOIN messages m ON m.id = n.message_id GROUP BY m.id HAVING"
     " count(*) > 1 OR max(n.sender_id) != m.sender_id"},
};
const size_t verify_messenger_count = sizeof verify_messenger / sizeof verify_messenger[0];
