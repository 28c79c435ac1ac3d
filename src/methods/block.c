// Blocking people. One's own other windows are told.
#include "methods/block.h"

#include <stddef.h>

#include "models/block.h"
#include "models/dialog.h"
#include "models/presence.h"

typedef struct BlockInput {
  int64_t id;
} BlockInput;

static const Field fields[] = {
    {.name = "id", .kind = FIELD_ID, .offset = offsetof(BlockInput, id), .error = ERR_VALIDATION}};

static void tell(Call *call, int64_t id, bool blocked) {
  Text told = {.arena = &call->arena};
  json_open(&told, '{');
  json_put_int(&told, "userID", id);
  json_put_bool(&told, "blocked", blocked);
  json_close(&told, '}');
  dialog_tell(call, call->who.user_id, "user:blocked", text_str(&told));
}

// To a dialog partner the caller is from now on offline, or what he is again.
static void show(Call *call, int64_t id, bool online) {
  int64_t me = call->who.user_id;
  if (dialog_find(call->db, me, id) != 0) dialog_tell_status(call, &id, 1, me, online, 0);
}

static Error put(Call *call, const void *input) {
  const BlockInput *in = input;
  if (in->id == call->who.user_id) return ERR_VALIDATION;
  if (!dialog_person_exists(call->db, in->id)) return ERR_PERSON_NOT_FOUND;
  block_put(call, call->who.user_id, in->id);
  tell(call, in->id, true);
  show(call, in->id, false);
  return ERR_NONE;
}

static Error drop(Call *call, const void *input) {
  const BlockInput *in = input;
  block_drop(call, call->who.user_id, in->id);
  tell(call, in->id, false);
  show(call, in->id, presence_is_online(call->who.user_id));
  return ERR_NONE;
}

static Error list(Call *call, const void *input) {
  (void)input;
  block_write_list(call, &call->reply, call->who.user_id);
  return ERR_NONE;
}

const Method block_method_put = {.name = "block.put",
                                 .access = ACCESS_SIGNED_IN,
                                 .fields = fields,
                                 .field_count = 1,
                                 .input_bytes = sizeof(BlockInput),
                                 .run = put};

const Method block_method_drop = {.name = "block.drop",
                                  .access = ACCESS_SIGNED_IN,
                                  .fields = fields,
                                  .field_count = 1,
                                  .input_bytes = sizeof(BlockInput),
                                  .run = drop};

const Method block_method_list = {.name = "block.list", .access = ACCESS_SIGNED_IN, .reads_only = true, .run = list};
