// Dialogs: who writes to whom, and what happened there, in order. On a store thread, in the call's transaction.
//
// What happens in a dialog is an event of topic "dialog:<id>": kind "message" (of a new one; it carries the event's
// seq), "read" ({"by":<user id>}), "edited" and "deleted" ({"messageID"}), "expired" ({"to":<seq>}: all up to it are
// gone). No event holds a text: what is deleted is gone. People hear of it by signals of topic "person:<user id>",
// whose kind is the name of the messenger's event and whose payload its arguments.
#ifndef FOYER_MODELS_DIALOG_H
#define FOYER_MODELS_DIALOG_H

#include "core/call.h"

// Somebody's name as others see it, an expression of SQL over users u.
#define DIALOG_PERSON_NAME                                 \
  "CASE WHEN u.deleted_at IS NOT NULL THEN 'deleted' ELSE" \
  " coalesce(u.name, u.username, substr(u.email, 1, instr(u.email, '@') - 1), '') END"

// Whether there is, or was, such a person. The history with somebody who was deleted stays readable.
bool dialog_person_exists(Db *db, int64_t user_id);
bool dialog_person_reads(Db *db, int64_t user_id);               // and was not deleted
int64_t dialog_find(Db *db, int64_t user_id, int64_t other_id);  // the dialog of two people, in either order; 0: none
int64_t dialog_add(Call *call, int64_t user_id, int64_t other_id);
void dialog_drop(Db *db, int64_t dialog_id);  // it has no messages

// A dialog as one of the two sees it.
typedef struct DialogView {
  int64_t other_id;
  Str other_name;
  Str last_text;
  int64_t last_at;       // when the last message was sent
  int64_t unread;        // messages from the other
  int64_t last_seen_at;  // of the other, who is not online; 0: not known, or not to be shown
  bool hides;            // the other is not to be shown as online
} DialogView;

void dialog_write(Text *out, const DialogView *view);
// Writes the dialogs of a person as a JSON array, the one with the latest message first.
void dialog_write_all(Call *call, Text *out, int64_t user_id);
// The ids above `after` of those who have a dialog with a person, ascending, at most so many; gives how many.
size_t dialog_partners(Db *db, int64_t user_id, int64_t after, int64_t *ids, size_t most);
Str dialog_person_name(Db *db, Arena *arena, int64_t user_id);

// Records what happened; gives its seq.
int64_t dialog_note(Call *call, int64_t dialog_id, const char *kind, Str payload);
// Tells a person of it, after the commit.
void dialog_tell(Call *call, int64_t user_id, const char *event, Str arguments);
// Tells people whether somebody else is online; `last_seen_at` as in DialogView.
void dialog_tell_status(Call *call, const int64_t *user_ids, size_t count, int64_t other_id, bool online,
                        int64_t last_seen_at);
// Tells a person's account ("account:<user id>") what the messenger's events do not: what has changed in the dialog
// with `other_id`, a member of JSON with its name (empty: none), and how many messages there are unread.
void dialog_tell_account(Call *call, int64_t user_id, int64_t other_id, Str change);

#endif
