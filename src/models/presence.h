// Who is online: whose sockets have been let in, on all loops of this process, in memory, and on other processes
// (models/presence_elsewhere.h). A change waits here until the program's tick has told those whom it concerns, and the
// other processes (methods/presence.c). Any thread; a lock is held for one person's change or look.
//
// Who has left is online for a lease more, so that a page that is loaded anew, or a line that was lost for a moment, is
// no coming and going.
#ifndef FOYER_MODELS_PRESENCE_H
#define FOYER_MODELS_PRESENCE_H

#include "core/call.h"

enum {
  PRESENCE_LEFT_MS = 1000,  // the lease of who said that he goes
  PRESENCE_LOST_MS = 4000,  // of who was lost: longer than a client waits before it connects again
  PRESENCE_AGAIN_MS = 500,  // what is said once more sooner than that is not told
  PRESENCE_BATCH = 32,      // people of whom one tick tells
  PRESENCE_ANEW = 2048      // of whom it tells a process that knows nobody yet
};

// A socket of theirs was let in, or came back to where it was. Told to others unless `back` and they were online
// anyhow. Gives how many sockets they have now; 0 when memory is out, and nothing has changed.
uint32_t presence_arrive(int64_t user_id, bool back, int64_t now_ms);
// One that has arrived says so once more: told again, PRESENCE_AGAIN_MS apart.
void presence_arrive_again(int64_t user_id, int64_t now_ms);
void presence_leave(int64_t user_id, bool lost, int64_t now_ms);  // a socket that had arrived has gone
bool presence_is_online(int64_t user_id);                         // here or elsewhere

// Whether something has changed since the last time this was asked: then the tick is to look.
bool presence_take_news(void);
int64_t presence_next(int64_t now_ms);  // when there is something to tell; INT64_MAX: nothing known

// Somebody of whom is to be told, as he is now at this process.
typedef struct PresenceChange {
  int64_t user_id;
  int64_t seen_ms;  // when he was last seen
  int64_t after;    // those up to this id have been told
  bool online;
  bool announced;  // other processes have been told that he is here
  int64_t heard;   // elsewhere_heard, when he came
} PresenceChange;

// What is to be told next, at most PRESENCE_BATCH people; 0: nothing. What was taken before and not settled comes
// again.
size_t presence_take(int64_t now_ms, PresenceChange *changes);
void presence_told_until(size_t nth, int64_t user_id);  // of the nth of them: only those up to this id are told
void presence_settle(void);                             // what was taken has been told
void presence_free(void);

// For a database that is shared with other processes.

// Somebody was at another process, which is gone, and is nowhere now.
void presence_left_elsewhere(int64_t user_id, int64_t seen_ms);
// Those who are here, for processes that know nobody yet, a part of them; 0: there is nobody to tell, or all are told.
// What was taken and not settled comes again.
size_t presence_take_anew(int64_t *people, size_t most);
// StoreSettings.committed: what other processes tell.
void presence_committed(const Event *event);
void presence_forget_elsewhere(void);  // commits are missing: what others have told, and heard, is told anew

#endif
