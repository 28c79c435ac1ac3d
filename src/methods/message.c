// Messages: the history with somebody, writing, reading, editing, deleting. What the other person and one's own other
// windows hear of it is recorded in the contract's order and told after the commit.
#include "methods/message.h"

#include <stddef.h>

#include "models/block.h"
#include "models/dialog.h"
#include "models/message.h"

enum { TEXT_MAX = 4096, TAKE_MAX = 200, CLIENT_ID_MAX = 128 };

static const char new_dialog_event[] = "user:new_dialog";
static const char new_message_event[] = "user:new_message";
static const char read_event[] = "user:message_read";
static const char all_read_event[] = "user:all_messages_read";

static Str number(Call *call, int64_t value) {
  Text text = {.arena = &call->arena};
  text_int(&text, value);
  return text_str(&text);
}

// The history.

typedef struct HistoryInput {
  int64_t other_id;
  int64_t take;
  int64_t skip;
  int64_t before;  // a seq; 0: none
  bool skip_given;
} HistoryInput;

static const Field history_fields[] = {
    {.name = "id", .kind = FIELD_ID, .offset = offsetof(HistoryInput, other_id), .error = ERR_VALIDATION},
    {.name = "take",
     .kind = FIELD_INT,
     .offset = offsetof(HistoryInput, take),
     .max = TAKE_MAX,
     .error = ERR_VALIDATION},
    {.name = "skip",
     .kind = FIELD_INT,
     .offset = offsetof(HistoryInput, skip),
     .optional = true,
     .given = offsetof(HistoryInput, skip_given),
     .max = UINT32_MAX,
     .error = ERR_VALIDATION},
    {.name = "before",
     .kind = FIELD_ID,
     .offset = offsetof(HistoryInput, before),
     .optional = true,
     .error = ERR_VALIDATION},
};

static Error show_page(Call *call, const void *input) {
  const HistoryInput *in = input;
  int64_t dialog_id = dialog_find(call->db, call->who.user_id, in->other_id);
  if (in->before > 0) {
    message_write_before(call, &call->reply, dialog_id, in->before, in->take);
  } else {
    message_write_page(call, &call->reply, dialog_id, in->skip, in->take);
  }
  return ERR_NONE;
}

// The first page is read by who asks for it, and the other one hears of that.
static Error show_first_page(Call *call, const void *input) {
  const HistoryInput *in = input;
  int64_t dialog_id = dialog_find(call->db, call->who.user_id, in->other_id);
  if (message_mark_all_read(call, dialog_id, call->who.user_id) > 0) {
    dialog_tell_account(call, call->who.user_id, in->other_id, (Str){0});
  }
  if (in->other_id != call->who.user_id) {
    dialog_tell(call, in->other_id, all_read_event, number(call, call->who.user_id));
  }
  return show_page(call, input);
}

static const Method first_page_method = {
    .name = "message.history", .input_bytes = sizeof(HistoryInput), .run = show_first_page};

static Error history(Call *call, const void *input) {
  const HistoryInput *in = input;
  if (!in->skip_given && in->before == 0) return ERR_VALIDATION;
  if (!dialog_person_exists(call->db, in->other_id)) return ERR_RECEIVER_NOT_FOUND;
  if (in->skip > 0 || in->before > 0) return show_page(call, input);
  call->follow = &first_page_method;
  return ERR_NONE;
}

const Method message_method_history = {.name = "message.history",
                                       .access = ACCESS_SIGNED_IN,
                                       .reads_only = true,
                                       .fields = history_fields,
                                       .field_count = 4,
                                       .input_bytes = sizeof(HistoryInput),
                                       .run = history};

// Writing.

typedef struct MessageInput {
  int64_t id;  // of the other person, or of the message
  Str text;
  Str client_id;
} MessageInput;

#define PERSON_FIELD \
  { .name = "id", .kind = FIELD_ID, .offset = offsetof(MessageInput, id), .error = ERR_VALIDATION }
#define MESSAGE_FIELD \
  { .name = "message-id", .kind = FIELD_ID, .offset = offsetof(MessageInput, id), .error = ERR_VALIDATION }
#define TEXT_FIELD                                                                                              \
  {                                                                                                             \
    .name = "message", .kind = FIELD_STRING, .offset = offsetof(MessageInput, text), .min = 1, .max = TEXT_MAX, \
    .error = ERR_VALIDATION                                                                                     \
  }

static const Field send_fields[] = {
    PERSON_FIELD,
    TEXT_FIELD,
    {.name = "clientID",
     .kind = FIELD_STRING,
     .offset = offsetof(MessageInput, client_id),
     .optional = true,
     .min = 1,
     .max = CLIENT_ID_MAX,
     .error = ERR_VALIDATION},
};

// To one of the two: the new dialog, as he sees it.
static void tell_new_dialog(Call *call, const Message *message, int64_t user_id, int64_t other_id) {
  Text view = {.arena = &call->arena};
  dialog_write(&view, &(DialogView){.other_id = other_id,
                                    .other_name = dialog_person_name(call->db, &call->arena, other_id),
                                    .last_text = message->text,
                                    .last_at = message->created_at});
  dialog_tell(call, user_id, new_dialog_event, text_str(&view));
}

// `written`: the message as JSON.
static void tell_new_message(Call *call, const Message *message, Str written, bool dialog_is_new) {
  int64_t sender_id = message->sender_id;
  int64_t receiver_id = message->receiver_id;
  if (dialog_is_new) {
    tell_new_dialog(call, message, receiver_id, sender_id);
    tell_new_dialog(call, message, sender_id, receiver_id);
  }
  dialog_tell(call, receiver_id, new_message_event, written);
  if (receiver_id != sender_id) dialog_tell(call, sender_id, new_message_event, written);
  dialog_tell(call, receiver_id, all_read_event, number(call, sender_id));
}

// What was sent before under the same name.
static Error answer_again(Call *call, int64_t message_id, Str client_id) {
  Message message;
  if (!message_find(call->db, &call->arena, message_id, &message)) return ERR_MESSAGE_NOT_FOUND;
  message.client_id = client_id;
  message_write(&call->reply, &message);
  return ERR_NONE;
}

// The two write each other nothing when either has blocked the other.
static Error refuse_blocked(Call *call, int64_t other_id) {
  if (block_stands(call->db, other_id, call->who.user_id)) return ERR_BLOCKED_BY_THEM;
  return block_stands(call->db, call->who.user_id, other_id) ? ERR_BLOCKED_BY_YOU : ERR_NONE;
}

static Error send_one(Call *call, const void *input) {
  const MessageInput *in = input;
  int64_t me = call->who.user_id;
  int64_t before = in->client_id.length > 0 ? message_named(call->db, me, in->client_id) : 0;
  if (before != 0) return answer_again(call, before, in->client_id);
  if (!dialog_person_reads(call->db, in->id)) return ERR_RECEIVER_NOT_FOUND;
  Error blocked = refuse_blocked(call, in->id);
  if (blocked != ERR_NONE) return blocked;
  int64_t dialog_id = dialog_find(call->db, me, in->id);
  bool is_new = dialog_id == 0;
  if (is_new) dialog_id = dialog_add(call, me, in->id);
  Message message = {.dialog_id = dialog_id,
                     .sender_id = me,
                     .receiver_id = in->id,
                     .text = in->text,
                     .client_id = in->client_id,
                     .read = in->id == me};
  message_add(call, &message);
  message_mark_all_read(call, dialog_id, me);
  message_write(&call->reply, &message);
  tell_new_message(call, &message, text_str(&call->reply), is_new);
  return ERR_NONE;
}

const Method message_method_send = {.name = "message.send",
                                    .access = ACCESS_SIGNED_IN,
                                    .writes_last = true,
                                    .fields = send_fields,
                                    .field_count = 3,
                                    .input_bytes = sizeof(MessageInput),
                                    .run = send_one};

// Reading.

static const Field person_fields[] = {PERSON_FIELD};

static Error unread(Call *call, const void *input) {
  const MessageInput *in = input;
  if (!dialog_person_exists(call->db, in->id)) return ERR_PERSON_NOT_FOUND;
  int64_t dialog_id = dialog_find(call->db, call->who.user_id, in->id);
  json_add_int(&call->reply, message_count_unread(call->db, dialog_id, call->who.user_id));
  return ERR_NONE;
}

const Method message_method_unread = {.name = "message.unread",
                                      .access = ACCESS_SIGNED_IN,
                                      .reads_only = true,
                                      .fields = person_fields,
                                      .field_count = 1,
                                      .input_bytes = sizeof(MessageInput),
                                      .run = unread};

static const Field message_fields[] = {MESSAGE_FIELD};

static Error read_one(Call *call, const void *input) {
  const MessageInput *in = input;
  Message message;
  if (!message_find(call->db, &call->arena, in->id, &message)) return ERR_MESSAGE_NOT_FOUND;
  if (message.receiver_id != call->who.user_id) return ERR_NOT_THE_RECEIVER;
  int64_t seq = message_mark_read(call, &message);
  Text told = {.arena = &call->arena};
  json_open(&told, '{');
  json_put_int(&told, "receiverID", message.receiver_id);
  json_put_int(&told, "messageID", message.id);
  if (seq > 0) {
    json_put_int(&told, "seq", seq);
  }
  json_close(&told, '}');
  dialog_tell(call, message.sender_id, read_event, text_str(&told));
  if (seq > 0) dialog_tell_account(call, message.receiver_id, message.sender_id, (Str){0});
  return ERR_NONE;
}

const Method message_method_read = {.name = "message.read",
                                    .access = ACCESS_SIGNED_IN,
                                    .fields = message_fields,
                                    .field_count = 1,
                                    .input_bytes = sizeof(MessageInput),
                                    .run = read_one};

// Changing.

static void tell_change(Call *call, const Message *message, Str change) {
  dialog_tell_account(call, message->sender_id, message->receiver_id, change);
  if (message->receiver_id == message->sender_id) return;
  dialog_tell_account(call, message->receiver_id, message->sender_id, change);
}

static const Field edit_fields[] = {MESSAGE_FIELD, TEXT_FIELD};

static Error edit(Call *call, const void *input) {
  const MessageInput *in = input;
  Message message;
  if (!message_find(call->db, &call->arena, in->id, &message)) return ERR_MESSAGE_NOT_FOUND;
  if (message.sender_id != call->who.user_id) return ERR_NOT_THE_SENDER_EDIT;
  Error blocked = refuse_blocked(call, message.receiver_id);
  if (blocked != ERR_NONE) return blocked;
  message_edit(call, &message, in->text);
  message.text = in->text;
  message.updated = true;
  message.updated_at = call->now_ms;
  Text change = {.arena = &call->arena};
  text_add(&change, STR("\"edited\":"));
  message_write(&change, &message);
  tell_change(call, &message, text_str(&change));
  return ERR_NONE;
}

const Method message_method_edit = {.name = "message.edit",
                                    .access = ACCESS_SIGNED_IN,
                                    .fields = edit_fields,
                                    .field_count = 2,
                                    .input_bytes = sizeof(MessageInput),
                                    .run = edit};

static Error delete_one(Call *call, const void *input) {
  const MessageInput *in = input;
  Message message;
  if (!message_find(call->db, &call->arena, in->id, &message)) return ERR_MESSAGE_NOT_FOUND;
  if (message.sender_id != call->who.user_id) return ERR_NOT_THE_SENDER_DELETE;
  message_delete(call, &message);
  Text change = {.arena = &call->arena};
  text_format(&change, "\"deleted\":%lld", (long long)message.id);
  tell_change(call, &message, text_str(&change));
  return ERR_NONE;
}

const Method message_method_delete = {.name = "message.delete",
                                      .access = ACCESS_SIGNED_IN,
                                      .fields = message_fields,
                                      .field_count = 1,
                                      .input_bytes = sizeof(MessageInput),
                                      .run = delete_one};
