// Which sockets of a loop speak for a person, or came from a browser: found without looking at all of them. On the
// loop's thread.
#ifndef FOYER_CONTROLLERS_SOCKET_INDEX_H
#define FOYER_CONTROLLERS_SOCKET_INDEX_H

#include <stddef.h>
#include <stdint.h>

// In the socket, one for each index it is in. All zero: in none.
typedef struct SocketLink {
  struct SocketLink *next;
  struct SocketLink **from;  // what points to it
  uint64_t key;
} SocketLink;

enum { SOCKET_INDEX_HEADS = 8192 };

typedef struct SocketIndex {
  SocketLink *heads[SOCKET_INDEX_HEADS];
} SocketIndex;

static inline SocketLink **socket_index_head(SocketIndex *index, uint64_t key) {
  return &index->heads[key * 0x9e3779b97f4a7c15 >> 51];
}

static inline void socket_index_remove(SocketLink *link) {
  if (link->from == NULL) return;
  *link->from = link->next;
  if (link->next != NULL) link->next->from = link->from;
  link->from = NULL;
}

// Under another key than before, if it was in.
static inline void socket_index_put(SocketIndex *index, SocketLink *link, uint64_t key) {
  socket_index_remove(link);
  SocketLink **head = socket_index_head(index, key);
  *link = (SocketLink){.next = *head, .from = head, .key = key};
  if (*head != NULL) (*head)->from = &link->next;
  *head = link;
}

// The first one of that key from `link` on: `for (link = socket_index_find(*socket_index_head(index, key), key); ...)`.
static inline SocketLink *socket_index_find(SocketLink *link, uint64_t key) {
  while (link != NULL && link->key != key) link = link->next;
  return link;
}

#endif
