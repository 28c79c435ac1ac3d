// Messages of dialogs, in the order in which they were committed. On a store thread, in the call's transaction.
#ifndef FOYER_MODELS_MESSAGE_H
#define FOYER_MODELS_MESSAGE_H

#include "core/call.h"

typedef struct Message {
  int64_t id;
  int64_t dialog_id;
  int64_t seq;  // in its dialog: greater than that of the message before it
  int64_t sender_id;
  int64_t receiver_id;
  Str text;
  Str client_id;  // the name that its sender's client gave to it; empty: none, or it is not known here
  int64_t created_at;
  int64_t updated_at;
  bool updated;
  bool read;
  Str marks;  // of a message that was searched for: where the words stand, a JSON array; empty: nobody has searched
} Message;

bool message_find(Db *db, Arena *arena, int64_t message_id, Message *message);
// The id of what this sender has sent under the name `client_id`, though it may be deleted; 0: nothing.
int64_t message_named(Db *db, int64_t sender_id, Str client_id);
// Adds it at the end of its dialog: fills in its id, its seq and its times.
void message_add(Call *call, Message *message);
void message_edit(Call *call, const Message *message, Str text);
void message_delete(Call *call, const Message *message);  // and the dialog, with its last message

// Deletes the oldest of the messages that were sent before a moment, a hundred at most; whether there may be more.
bool message_expire(Call *call, int64_t before_ms);

// Marks as read: one message, or all of a dialog to a person. Gives the event's seq; 0: nothing was unread.
int64_t message_mark_read(Call *call, const Message *message);
int64_t message_mark_all_read(Call *call, int64_t dialog_id, int64_t receiver_id);
int64_t message_count_unread(Db *db, int64_t dialog_id, int64_t receiver_id);

void message_write(Text *out, const Message *message);
// Write up to `take` messages as a JSON array, newest first: behind the newest `skip`, or those before a seq.
void message_write_page(Call *call, Text *out, int64_t dialog_id, int64_t skip, int64_t take);
void message_write_before(Call *call, Text *out, int64_t dialog_id, int64_t before, int64_t take);
// Writes up to `take` messages behind the seq *after, oldest first and without brackets; moves *after on to the last of
// them and gives how many they were.
int64_t message_write_after(Call *call, Text *out, int64_t dialog_id, int64_t *after, int64_t take);

#endif
