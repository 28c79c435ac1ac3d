// The waiting room's rules, over the table `queue_places`: who joins, in which order, who is admitted and when a slot
// ends. All on a store thread, in the call's transaction; the memory of it is models/waiting_room.h.
#ifndef FOYER_MODELS_QUEUE_H
#define FOYER_MODELS_QUEUE_H

#include "models/concert.h"

// Ranks from here on are those of arrival; the ones below are lots, HMAC-SHA256 of the seed over the person's public
// id.
#define QUEUE_RANK_ARRIVAL (INT64_C(1) << 62)
enum { QUEUE_STEP_MAX = 256 };  // people who are admitted, or whose slots end, in one call

// The caller joins the line, or finds the place he has. A free slot and nobody before him: *active at once.
// ERR_QUEUE_CLOSED when nobody may join.
// Looks at once who of these people has no place in the line of that concert, for the joins that follow in this
// transaction. What is kept is in the arena.
typedef struct QueueNewcomer {
  int64_t user_id;
  int64_t concert_id;
} QueueNewcomer;
void queue_look_ahead(Db *db, Arena *arena, const QueueNewcomer *asked, size_t count);

Error queue_join(Call *call, const Concert *concert, bool *active);
Error queue_leave(Call *call, int64_t concert_id);  // of the caller; idempotent
// Holds a slot that is not over.
bool queue_is_active(Db *db, int64_t concert_id, int64_t user_id, int64_t now_ms);
// His slot has served: the next ones are admitted at once. No-op without a slot.
void queue_complete(Call *call, int64_t concert_id, int64_t user_id);
// Fills the free slots: at most MAX_ACTIVE_USERS, never more than the stock can serve, as fast as the operator allows,
// QUEUE_STEP_MAX in one call. After stock came back; everything above does it by itself.
void queue_admit(Call *call, int64_t concert_id);
// Nobody waits or holds a slot any more: QUEUE_STEP_MAX people in one call; true when they were the last.
bool queue_empty(Call *call, const Concert *concert);
// Opens the sale when its time has come, ends the slots that are over, admits. True when there is more to do at once.
bool queue_tick(Call *call, int64_t concert_id);

#endif
