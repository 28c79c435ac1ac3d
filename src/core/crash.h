// Named places where a test can make the process die, as a power cut would: CRASH_AT=name:n in the environment kills it
// at the nth passing of that point. Any thread. Unset, a point costs one comparison.
#ifndef FOYER_CORE_CRASH_H
#define FOYER_CORE_CRASH_H

#include <stdbool.h>

extern bool crash_armed;  // CRASH_AT is set

void crash_arm(void);                 // reads CRASH_AT; before any thread is started
void crash_passed(const char *name);  // for crash_point only

// "outbox.performed". A name stands at one place only.
static inline void crash_point(const char *name) {
  if (crash_armed) crash_passed(name);
}

#endif
