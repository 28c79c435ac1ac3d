// What the process takes of the machine, of /proc.
#include "core/process.h"

#include <dirent.h>
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { COUNTED_MAX = 1024 };  // to count a descriptor takes the kernel a microsecond

static uint64_t count_entries(const char *folder) {
  DIR *entries = opendir(folder);
  if (entries == NULL) return 0;
  uint64_t count = 0;
  for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
    count += entry->d_name[0] != '.';
  }
  closedir(entries);
  return count;
}

static uint64_t count_descriptors(uint64_t connections) {
  static _Atomic uint64_t others;
  if (connections <= COUNTED_MAX) {
    uint64_t all = count_entries("/proc/self/fd") - 1;  // the folder's own
    atomic_store(&others, all > connections ? all - connections : 0);
  }
  return connections + atomic_load(&others);
}

// statm: the pages of the process, those that are resident, and more.
static void read_memory(ProcessFigures *figures) {
  FILE *file = fopen("/proc/self/statm", "re");
  if (file == NULL) return;
  char line[128];
  if (fgets(line, sizeof line, file) != NULL) {
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    char *rest;
    figures->virtual_bytes = strtoull(line, &rest, 10) * page_bytes;
    figures->resident_bytes = strtoull(rest, NULL, 10) * page_bytes;
  }
  fclose(file);
}

static uint64_t us_of(struct timeval time) {
  return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

ProcessFigures process_figures(uint64_t connections) {
  ProcessFigures figures = {.descriptors = count_descriptors(connections), .threads = count_entries("/proc/self/task")};
  struct rusage usage;
  struct rlimit limit;
  read_memory(&figures);
  if (getrusage(RUSAGE_SELF, &usage) == 0) figures.cpu_us = us_of(usage.ru_utime) + us_of(usage.ru_stime);
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.descriptors_max = limit.rlim_cur;
  return figures;
}

// The build id (elf(5), NT_GNU_BUILD_ID) of the program, which is the first object; always ends the walk.

static char build[2 * 64 + 1];

static bool find_build(const char *notes, size_t bytes) {
  while (bytes >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) head;
    memcpy(&head, notes, sizeof head);
    size_t name_bytes = (head.n_namesz + 3U) & ~3U;
    size_t all_bytes = sizeof head + name_bytes + ((head.n_descsz + 3U) & ~3U);
    if (all_bytes > bytes) return false;
    const char *id = notes + sizeof head + name_bytes;
    bool found = head.n_type == NT_GNU_BUILD_ID && head.n_namesz == sizeof ELF_NOTE_GNU &&
                 memcmp(notes + sizeof head, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0;
    for (size_t i = 0; found && i < head.n_descsz && i < sizeof build / 2; i++) {
      snprintf(build + 2 * i, 3, "%02x", (unsigned char)id[i]);
    }
    if (found) return true;
    notes += all_bytes;
    bytes -= all_bytes;
  }
  return false;
}

static int look_at_object(struct dl_phdr_info *object, size_t size, void *unused) {
  (void)size, (void)unused;
  bool found = false;
  for (int i = 0; !found && i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    // NOLINTNEXTLINE(performance-no-int-to-ptr): where the loader has put it
    if (part->p_type == PT_NOTE) found = find_build((const char *)(object->dlpi_addr + part->p_vaddr), part->p_memsz);
  }
  return 1;
}

static void read_build(void) {
  dl_iterate_phdr(look_at_object, NULL);
}

const char *process_build(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, read_build);
  return build;
}
