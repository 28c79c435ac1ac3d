// One line an event on standard error: time, level, event, then key=value fields. Any thread; blocks on the write only.
#ifndef FOYER_CORE_LOG_H
#define FOYER_CORE_LOG_H

#include "shared/str.h"

typedef enum LogLevel { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF } LogLevel;

void log_set_level(LogLevel level);              // what is below is dropped; LOG_INFO at first
bool log_level_from(Str name, LogLevel *level);  // "debug", "info", "warn", "error", "off"
bool log_wants(LogLevel level);

// `event` is a few fixed words ("store: commit failed"); `format` gives the fields: "calls=%d reason=\"%s\"".
// Control characters in the result are written as '?', so that nobody can forge a line.
void log_write(LogLevel level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_debug(event, ...) (log_wants(LOG_DEBUG) ? log_write(LOG_DEBUG, (event), __VA_ARGS__) : (void)0)
#define log_info(event, ...) log_write(LOG_INFO, (event), __VA_ARGS__)
#define log_warn(event, ...) log_write(LOG_WARN, (event), __VA_ARGS__)
#define log_error(event, ...) log_write(LOG_ERROR, (event), __VA_ARGS__)

#endif
