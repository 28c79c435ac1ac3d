// What must always hold, looked at after every test that writes.
#include "support/invariants.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "commands/commands.h"

int invariants_verify(Rig *rig, const char **told) {
  FILE *file = tmpfile();
  assert_non_null(file);
  fflush(stdout);
  int standard = dup(STDOUT_FILENO);
  assert_true(standard >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
  int code = command_verify(&rig->config, 0, NULL);
  fflush(stdout);
  assert_true(dup2(standard, STDOUT_FILENO) >= 0);
  close(standard);
  rewind(file);
  Text text = {.arena = &rig->arena};
  char bytes[1024];
  for (size_t got; (got = fread(bytes, 1, sizeof bytes, file)) > 0;) text_add(&text, (Str){bytes, got});
  fclose(file);
  if (told != NULL) *told = rig_zero(rig, text_str(&text));
  return code;
}

void invariants_hold(Rig *rig) {
  const char *told;
  if (invariants_verify(rig, &told) != 0) fail_msg("%s", told);
}

int invariants_teardown(void **state) {
  Rig *rig = *state;
  const char *told;
  int code = invariants_verify(rig, &told);
  if (code != 0) print_error("%s", told);
  rig_close(rig);
  return code;
}
