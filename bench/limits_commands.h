// The commands of `limits`: what the machine itself can do. Arguments come without the command's name.
#ifndef FOYER_BENCH_LIMITS_COMMANDS_H
#define FOYER_BENCH_LIMITS_COMMANDS_H

int limit_send(int count, char **arguments);        // PORT VIEWERS: see limit_send.c
int limit_sqlite(int count, char **arguments);      // FILE BATCH MILLISECONDS HALL SEATS_FILE: see limit_sqlite.c
int limit_statements(int count, char **arguments);  // FILE SCRIPT BATCH CALLS: see limit_statements.c

#endif
