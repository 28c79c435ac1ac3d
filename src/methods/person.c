// People: found by a part of their name, and by their number. Who was deleted is still somebody, called "deleted": his
// dialogs stay readable.
#include "methods/person.h"

#include <stddef.h>

#include "models/dialog.h"
#include "models/person.h"

typedef struct PersonInput {
  int64_t id;
  Str name;
} PersonInput;

static const Field search_fields[] = {{.name = "name",
                                       .kind = FIELD_STRING,
                                       .offset = offsetof(PersonInput, name),
                                       .max = UINT32_MAX,
                                       .error = ERR_VALIDATION}};

static Error search(Call *call, const void *input) {
  const PersonInput *in = input;
  person_write_found(call, &call->reply, str_trim(in->name), call->who.user_id);
  return ERR_NONE;
}

const Method person_search = {.name = "person.search",
                              .access = ACCESS_SIGNED_IN,
                              .reads_only = true,
                              .fields = search_fields,
                              .field_count = 1,
                              .input_bytes = sizeof(PersonInput),
                              .run = search};

static const Field exists_fields[] = {
    {.name = "user-id", .kind = FIELD_ID, .offset = offsetof(PersonInput, id), .error = ERR_VALIDATION}};

static Error exists(Call *call, const void *input) {
  const PersonInput *in = input;
  json_add_bool(&call->reply, dialog_person_exists(call->db, in->id));
  return ERR_NONE;
}

const Method person_exists = {.name = "person.exists",
                              .reads_only = true,
                              .fields = exists_fields,
                              .field_count = 1,
                              .input_bytes = sizeof(PersonInput),
                              .run = exists};

static const Field name_fields[] = {
    {.name = "id", .kind = FIELD_ID, .offset = offsetof(PersonInput, id), .error = ERR_VALIDATION}};

static Error name(Call *call, const void *input) {
  const PersonInput *in = input;
  if (!dialog_person_exists(call->db, in->id)) return ERR_PERSON_NOT_FOUND;
  json_add_str(&call->reply, dialog_person_name(call->db, &call->arena, in->id));
  return ERR_NONE;
}

const Method person_name = {.name = "person.name",
                            .reads_only = true,
                            .fields = name_fields,
                            .field_count = 1,
                            .input_bytes = sizeof(PersonInput),
                            .run = name};
