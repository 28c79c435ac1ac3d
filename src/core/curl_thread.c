// A thread's own multi handle, made at its first transfer and freed at its end.
#include "core/curl_thread.h"

#include <pthread.h>
#include <stdlib.h>

#include "shared/str.h"

enum { TURN_MS = 50, CONNECTIONS_KEPT = 8 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static const char *roots;  // SSL_CERT_FILE: certificates to trust instead of the system's, as with curl

static void free_multi(void *multi) {
  curl_multi_cleanup(multi);
}

static void prepare(void) {
  roots = getenv("SSL_CERT_FILE");
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || pthread_key_create(&key, free_multi) != 0) abort();
}

static CURLM *multi_of_thread(void) {
  pthread_once(&once, prepare);
  CURLM *multi = pthread_getspecific(key);
  if (multi != NULL) return multi;
  multi = curl_multi_init();
  if (multi == NULL) return NULL;
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
  if (pthread_setspecific(key, multi) == 0) return multi;
  curl_multi_cleanup(multi);
  return NULL;
}

static bool is_urgent(const _Atomic bool *urgent) {
  return urgent != NULL && atomic_load(urgent);
}

// Turns until the transfer is over; its result.
static CURLcode transfer(CURLM *multi, const _Atomic bool *urgent) {
  int running = 1;
  while (running > 0) {
    if (is_urgent(urgent)) return CURLE_ABORTED_BY_CALLBACK;
    if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
    if (running > 0) curl_multi_poll(multi, NULL, 0, TURN_MS, NULL);
  }
  int left;
  const CURLMsg *message = curl_multi_info_read(multi, &left);
  return message != NULL ? message->data.result : CURLE_FAILED_INIT;
}

const char *curl_run(CURL *curl, Arena *arena, const _Atomic bool *urgent, CURLcode *code) {
  char said[CURL_ERROR_SIZE] = "";
  CURLM *multi = multi_of_thread();
  *code = CURLE_OUT_OF_MEMORY;
  if (multi == NULL) return "no memory";
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, said);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  if (roots != NULL) curl_easy_setopt(curl, CURLOPT_CAINFO, roots);
  if (curl_multi_add_handle(multi, curl) != CURLM_OK) return "no memory";
  *code = transfer(multi, urgent);
  curl_multi_remove_handle(multi, curl);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
  if (*code == CURLE_OK) return NULL;
  return str_zero(arena, str_from(said[0] != '\0' ? said : curl_easy_strerror(*code)));
}
