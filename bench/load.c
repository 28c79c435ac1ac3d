// The load generator: `load COMMAND ARGUMENTS...`, see load.h. It knows only what goes over the wire.
#include "bench/load.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

// A command by its name.
typedef struct CommandRow {
  const char *name;
  int arguments;  // at least so many
  Command *run;
} CommandRow;

static const CommandRow commands[] = {
    {"ask", 3, command_ask},
    {"fanout", 5, command_fanout},
    {"bare", 2, command_bare},
    {"storm", 9, command_storm},
    {"durable", 6, command_durable},
    {"idle", 3, command_idle},
    {"subscribe", 3, command_subscribe},
    {"crowd", 3, command_crowd},
    {"start", 4, command_start},
    {"requests", 3, command_requests},
    {"serving", 3, command_serving},
    {"sockets", 5, command_sockets},
    {"messages", 3, command_messages},
};

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (size_t i = 0; count > 1 && i < sizeof commands / sizeof *commands; i++) {
    if (strcmp(arguments[1], commands[i].name) != 0 || count - 2 < commands[i].arguments) continue;
    return commands[i].run(count - 2, arguments + 2);
  }
  fputs("load: unknown command or too few arguments, see bench/load.h\n", stderr);
  return 2;
}
