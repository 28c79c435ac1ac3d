// libcurl as the couriers use it: one transfer at a time a thread, over connections that the thread keeps.
#ifndef FOYER_CORE_CURL_THREAD_H
#define FOYER_CORE_CURL_THREAD_H

#include <curl/curl.h>
#include <stdatomic.h>

#include "shared/arena.h"

// Makes the transfer that `curl` is set up for; blocks until it is over or *urgent (may be NULL) is true. Gives NULL,
// or why it failed, in the arena; *code: in libcurl's word.
const char *curl_run(CURL *curl, Arena *arena, const _Atomic bool *urgent, CURLcode *code);

#endif
