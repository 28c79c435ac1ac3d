// Who is online at other processes on the same database. Each process has a number that nobody else has and tells by
// signs, which are signals of its commits, whom it has and has no longer, and every few seconds that it lives; so all
// know the same in the order of the commits, and nothing is kept in tables. Silence is counted in signs of one's own:
// of whom nothing was heard while several of them were committed is gone. No clock is compared with another's, and who
// could not commit himself counts nothing. Any thread; a lock is held for one sign or look. Of a database that is not
// shared nothing of this happens.
#ifndef FOYER_MODELS_PRESENCE_ELSEWHERE_H
#define FOYER_MODELS_PRESENCE_ELSEWHERE_H

#include "core/call.h"

enum {
  ELSEWHERE_BEAT_MS = 2500,   // a process says that it lives so often
  ELSEWHERE_SILENT_BEATS = 4  // and is gone after so many that another has said meanwhile
};

// A sign, followed by numbers of people: `id` for one who is there, `-id` for one who is there no longer.
typedef struct ElsewhereSign {
  int64_t server;  // who gives it
  int64_t beats;   // 1: it is one of those that count
  int64_t asks;    // 1: it knows nobody yet, the others are to say whom they have
  int64_t gone;    // a process that was silent for too long; its own number: it ends; 0: none
} ElsewhereSign;

bool elsewhere_has(int64_t user_id);  // at another process that is not gone
// How many comings have been heard of so far, and whether somebody's is one of those after the first `heard`.
int64_t elsewhere_heard(void);
bool elsewhere_came_after(int64_t user_id, int64_t heard);

// Whether this process must give a sign, though it has nothing else to tell.
bool elsewhere_beat_due(int64_t now_ms);
// What a sign of this process says beside its people; in the transaction of the call, on the store's thread.
ElsewhereSign elsewhere_sign(Call *call);
void elsewhere_tell(Call *call, const ElsewhereSign *sign, const int64_t *people, size_t count);
void elsewhere_told(const ElsewhereSign *sign, int64_t now_ms);  // it was committed
// At the end of this process: says so to the others, who then take it for gone within two beats, in which its people
// may come to them. Not where nobody else is. For StoreSettings.last.
void elsewhere_take_leave(Db *db);

// What the others are to make of it: whom this process has, they must hear once more.
typedef enum ElsewhereNews {
  ELSEWHERE_NOTHING,
  ELSEWHERE_ASKED,   // another process asks
  ELSEWHERE_DROPPED  // they took this one for gone, and have said so to whom it concerns
} ElsewhereNews;
// A committed event, in the order of the commits, this process's own among them.
ElsewhereNews elsewhere_committed(const Event *event);
// Commits are missing: nobody is known any more, and the others are asked. False: there never was anybody to ask.
bool elsewhere_forget(void);

// People of processes that this one has found gone, and who are nowhere else; forgets those that it gives. At most
// `most`; 0: there are no more.
size_t elsewhere_take_left(int64_t *people, size_t most);
bool elsewhere_has_left(void);
void elsewhere_free(void);

#endif
