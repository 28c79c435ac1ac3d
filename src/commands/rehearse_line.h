// What the buyers of a rehearsal do next: those who act at a time, and those who wait until so many were admitted.
// Shared by the threads that play them, under one lock.
#ifndef FOYER_COMMANDS_REHEARSE_LINE_H
#define FOYER_COMMANDS_REHEARSE_LINE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct RehearseLine RehearseLine;

RehearseLine *rehearse_line_new(uint32_t buyers);  // NULL when memory is out
void rehearse_line_free(RehearseLine *line);

// A buyer acts at `due_ms` (monotonic), or once `admitted` people were let in, whichever is told.
void rehearse_line_act_at(RehearseLine *line, uint32_t buyer, uint64_t due_ms);
void rehearse_line_act_when(RehearseLine *line, uint32_t buyer, uint64_t admitted);
// So many were let in by now: who waited for that acts at `now_ms`. With `all` everyone who waits does.
void rehearse_line_admitted(RehearseLine *line, uint64_t admitted, bool all, uint64_t now_ms);
void rehearse_line_left(RehearseLine *line);  // one buyer is through

// Takes the next buyer whose time has come, waiting for it. False when all are through or the line was ended. Blocks.
bool rehearse_line_next(RehearseLine *line, uint32_t *buyer);
void rehearse_line_end(RehearseLine *line);
bool rehearse_line_is_over(RehearseLine *line);

#endif
