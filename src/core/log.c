// The log: lines of key=value, each one write(2), so that lines of different threads never mix.
#include "core/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/time.h"

enum { LINE_BYTES = 1024 };

static const char *const level_names[] = {"debug", "info", "warn", "error", "off"};
static _Atomic LogLevel lowest = LOG_INFO;

void log_set_level(LogLevel level) {
  atomic_store_explicit(&lowest, level, memory_order_relaxed);
}

bool log_level_from(Str name, LogLevel *level) {
  for (int i = 0; i <= LOG_OFF; i++) {
    if (str_equal_nocase(name, str_from(level_names[i]))) {
      *level = (LogLevel)i;
      return true;
    }
  }
  return false;
}

bool log_wants(LogLevel level) {
  return level >= atomic_load_explicit(&lowest, memory_order_relaxed);
}

void log_write(LogLevel level, const char *event, const char *format, ...) {
  if (!log_wants(level)) return;
  char line[LINE_BYTES];
  Env env = env_system();
  time_iso(env.now_ms(env.state), line);
  int used = TIME_ISO_BYTES;
  used += snprintf(line + used, sizeof line - (size_t)used, " %-5s %s ", level_names[level], event);
  va_list args;
  va_start(args, format);
  int more = vsnprintf(line + used, sizeof line - (size_t)used, format, args);
  va_end(args);
  size_t length = (size_t)(used + (more > 0 ? more : 0));
  if (length > sizeof line - 1) length = sizeof line - 1;
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) line[i] = '?';
  }
  line[length++] = '\n';
  if (write(STDERR_FILENO, line, length) < 0) return;  // nowhere left to tell
}
