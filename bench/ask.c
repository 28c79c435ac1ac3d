// One message, one answer: how bench/run asks the server something over /ws.
#include <stdio.h>

#include "bench/load.h"
#include "bench/socket.h"
#include "bench/ws_client.h"

int command_ask(int count, char **arguments) {
  char message[900];
  WsClient client;
  (void)count;
  int length =
      snprintf(message, sizeof message, "{\"type\":\"%s\",\"data\":%s,\"eid\":\"ask\"}", arguments[1], arguments[2]);
  if (length < 0 || (size_t)length >= sizeof message) die("the question is too long");
  ws_client_open(&client, (uint16_t)number_from(arguments[0], UINT16_MAX), 0, "");
  ws_client_send(&client, message, (size_t)length);
  Frame answer = ws_client_wait(&client);
  fwrite(answer.payload, 1, answer.length, stdout);
  putchar('\n');
  ws_client_close(&client);
  return 0;
}
