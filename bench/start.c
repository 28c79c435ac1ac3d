// How long a process needs to be of use: from fork to the first 200 on /readyz, and to the first picture of a hall.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/load.h"
#include "bench/seats.h"
#include "bench/socket.h"
#include "bench/ws_client.h"

enum { RETRY_US = 1000, PATIENCE_US = 20000000 };

// Runs the program on its core, without our standard output, which is for the figures; never returns.
static _Noreturn void become(const char *core, char **program) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(number_from(core, CPU_SETSIZE - 1), &cores);
  if (sched_setaffinity(0, sizeof cores, &cores) != 0) die("sched_setaffinity: %s", strerror(errno));
  if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) die("dup2: %s", strerror(errno));
  execv(program[0], program);
  die("%s: %s", program[0], strerror(errno));
}

// One try of GET /readyz; true for a 200.
static int is_ready(uint16_t port) {
  static const char request[] = "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
  char answer[1024];
  int fd = socket_try_connect(port);
  if (fd < 0) return 0;
  socket_send_all(fd, request, sizeof request - 1);
  ssize_t got = recv(fd, answer, sizeof answer, 0);
  close(fd);
  return got > 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0;
}

// The first picture of the hall over a socket of its own.
static void first_picture(uint16_t port, uint32_t hall) {
  char message[SEATS_MESSAGE_BYTES];
  WsClient client;
  ws_client_open(&client, port, 0, "");
  ws_client_send(&client, message, seats_subscribe(hall, "", message));
  Frame snapshot = ws_client_wait(&client);
  if (!frame_has(&snapshot, "\"status\":\"snapshot\"")) die("no snapshot: %.*s", 200, snapshot.payload);
  ws_client_close(&client);
}

int command_start(int count, char **arguments) {
  uint16_t port = (uint16_t)number_from(arguments[0], UINT16_MAX);
  uint32_t hall = (uint32_t)number_from(arguments[1], UINT32_MAX);
  (void)count;
  uint64_t begin = clock_us();
  pid_t child = fork();
  if (child < 0) die("fork: %s", strerror(errno));
  if (child == 0) become(arguments[2], arguments + 3);
  while (!is_ready(port)) {
    if (clock_us() - begin > PATIENCE_US || waitpid(child, NULL, WNOHANG) != 0) die("the server did not come up");
    usleep(RETRY_US);
  }
  uint64_t ready = clock_us();
  first_picture(port, hall);
  uint64_t picture = clock_us();
  kill(child, SIGTERM);
  waitpid(child, NULL, 0);
  printf("{\"ready_ms\":%.3f,\"picture_ms\":%.3f}\n", (double)(ready - begin) / 1000, (double)(picture - begin) / 1000);
  return 0;
}
