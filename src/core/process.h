// What the process takes of the machine. Any thread; reads small files of the kernel, which never waits for a disk.
#ifndef FOYER_CORE_PROCESS_H
#define FOYER_CORE_PROCESS_H

#include <stdint.h>

typedef struct ProcessFigures {
  uint64_t resident_bytes;
  uint64_t virtual_bytes;
  uint64_t cpu_us;  // since the start, of all threads
  uint64_t descriptors;
  uint64_t descriptors_max;
  uint64_t threads;
} ProcessFigures;

// `connections`: how many are open now. With many, descriptors are not counted one by one: those beside the connections
// are taken to be as many as they were.
ProcessFigures process_figures(uint64_t connections);

// Which build this is, as the linker has named it (its build id, hexadecimal); empty when it has not.
const char *process_build(void);

#endif
