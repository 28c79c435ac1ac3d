// The machine's own limits, without a server: `limits send ...`, `limits sqlite ...` and
// `limits statements ...`.
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bench/limits_commands.h"

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (count == 4 && strcmp(arguments[1], "send") == 0) return limit_send(count - 2, arguments + 2);
  if (count == 7 && strcmp(arguments[1], "sqlite") == 0) return limit_sqlite(count - 2, arguments + 2);
  if (count == 6 && strcmp(arguments[1], "statements") == 0) return limit_statements(count - 2, arguments + 2);
  fputs("limits: unknown command or wrong arguments, see bench/limits_commands.h\n", stderr);
  return 2;
}
