// The error table of errors.h turned into arrays. Constant data only: any thread.
#include "shared/errors.h"

#include <assert.h>

typedef struct ErrorRow {
  const char *code;   // the wire code
  const char *prose;  // a sentence for people
  int status;         // the HTTP status
} ErrorRow;

static const ErrorRow rows[ERR_COUNT] = {[ERR_NONE] = {"", "", 200},
#define X(name, code, status, prose) [ERR_##name] = {code, prose, status},
                                         ERROR_TABLE(X)
#undef X
};

static const ErrorRow *row_of(Error error) {
  assert((unsigned)error < ERR_COUNT);
  return &rows[error];
}

const char *error_code(Error error) {
  return row_of(error)->code;
}

int error_status(Error error) {
  return row_of(error)->status;
}

const char *error_prose(Error error) {
  return row_of(error)->prose;
}
