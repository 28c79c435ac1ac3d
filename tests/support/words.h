// A kind of topic made for testing: words said under a key. A snapshot says the last word ("3:word"), an update also
// since when ("1..3:word"); changes further back than 15 are no longer known. Key 404 is not there, key 405 fails to
// load, an update of key 3 comes in three parts. Real store, real loop, real connections.
#ifndef FOYER_TESTS_SUPPORT_WORDS_H
#define FOYER_TESTS_SUPPORT_WORDS_H

#include "support/peer.h"

// What happens in the kind and what has happened in it. A test begins with all of it zero.
typedef struct WordsState {
  Topics *topics;  // of the rig's only loop
  _Atomic int loads;
  _Atomic bool gated;    // loads wait at the gate, having read
  _Atomic bool failing;  // loads fail
  uv_sem_t at_gate;      // posted by a load that has come to it
  uv_sem_t gate_open;    // lets one load on
  int watched;           // subscribers, as the kind was told
  int poll_changes;      // how often the kind `polled` is to find a change of its own
  int served;            // how often the door was told so
} WordsState;
extern WordsState words;

extern const char words_channel[];  // "words.subscribe"

int words_begin(void **state);  // a rig with these topics, as a cmocka setup
int words_begin_with(void **state, uint32_t slow_bytes);
int words_end(void **state);

// Says a word: an event with its row. words_say waits for the answer.
void words_ask(Rig *rig, int key, const char *word, Answer *answer);
void words_say(Rig *rig, int key, const char *word);

Error words_watch_as(Peer *peer, int64_t key, const char *eid, TopicForm form, int64_t since, bool *waits);
void words_watch(Peer *peer, int64_t key, const char *eid);  // in JSON, from a snapshot

// What the peer is told next: waits for `count` messages, gives a line each.
const char *words_hear(Peer *peer, size_t count);

#endif
