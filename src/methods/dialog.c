// The dialogs of a person.
#include "methods/dialog.h"

#include "models/dialog.h"

static Error list(Call *call, const void *input) {
  (void)input;
  dialog_write_all(call, &call->reply, call->who.user_id);
  return ERR_NONE;
}

const Method dialog_list = {.name = "dialog.list", .access = ACCESS_SIGNED_IN, .reads_only = true, .run = list};
