// What is kept of a person, for himself.
#include "methods/own_data.h"

#include <stddef.h>

#include "models/own_data.h"

typedef struct ExportInput {
  Str after;
} ExportInput;

static const Field fields[] = {{.name = "after",
                                .kind = FIELD_STRING,
                                .offset = offsetof(ExportInput, after),
                                .optional = true,
                                .max = 64,
                                .error = ERR_VALIDATION}};

static Error export_page(Call *call, const void *input) {
  const ExportInput *in = input;
  return own_data_write(call, &call->reply, call->who.user_id, in->after) ? ERR_NONE : ERR_VALIDATION;
}

const Method own_data_export = {.name = "own_data.export",
                                .access = ACCESS_SIGNED_IN,
                                .reads_only = true,
                                .fields = fields,
                                .field_count = 1,
                                .input_bytes = sizeof(ExportInput),
                                .run = export_page};
