// foyer ready: asks the server of this machine whether it is ready, for who watches over a container.
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "core/web_client.h"

enum { CONNECT_MS = 1000, TOTAL_MS = 2000, ANSWER_BYTES = 4096 };

const char command_ready_usage[] =
    "usage: foyer ready    succeeds when the server at HOST and PORT says that it is ready\n";

Str command_own_url(Arena *arena, const char *host, int port) {
  bool everywhere = host[0] == '\0' || strcmp(host, "::") == 0 || strcmp(host, "0.0.0.0") == 0;
  Text url = {.arena = arena};
  text_format(&url, strchr(host, ':') != NULL && !everywhere ? "http://[%s]:%d" : "http://%s:%d",
              everywhere ? "127.0.0.1" : host, port);
  return text_str(&url);
}

int command_ready(const Config *config, int count, char **words) {
  (void)words;
  if (count != 0) {
    fputs(command_ready_usage, stderr);
    return 2;
  }
  Arena arena = {0};
  Text url = {.arena = &arena};
  text_add(&url, command_own_url(&arena, str_zero(&arena, config->host), (int)config->port));
  text_add(&url, STR("/readyz"));
  WebAnswer answer = web_ask(&arena, &(WebRequest){.method = "GET",
                                                   .url = text_str(&url),
                                                   .headers = (const char *const[]){NULL},
                                                   .connect_ms = CONNECT_MS,
                                                   .total_ms = TOTAL_MS,
                                                   .answer_max = ANSWER_BYTES});
  if (answer.fault != NULL) {
    printf("%s\n", answer.fault);
  } else {
    printf("%.*s\n", STR_ARG(answer.body));
  }
  arena_free(&arena);
  return answer.status == 200 ? 0 : 1;
}
