// The program's tables: which subscriptions there are and what the loops ask of the layers. The only file that sees
// all.
#ifndef FOYER_REGISTRY_H
#define FOYER_REGISTRY_H

#include "core/call.h"
#include "core/loop.h"
#include "core/outbox.h"

extern const LoopHooks registry_hooks;

// What the couriers can do.
extern const EffectKind registry_effects[];
extern const int registry_effect_count;

// Tells a loop of a committed event; on the loop's thread. For the store.
void registry_event(Loop *loop, const Event *event);

// What is held in memory is told of a committed event; on the writer's thread. For the store.
void registry_committed(const Event *event);

// The queue's keys in Redis are to be written from the tables. On Redis's thread, while the loops run.
void registry_look_at_keys(void);

// Somebody else has changed the database: every picture is read anew. On the loop's thread. For the store.
void registry_changed_outside(Loop *loop);

// Halls whose pictures every loop reads at its start, so that the first visitor does not wait. Before the loops start.
void registry_warm_halls(const int64_t *ids, size_t count);

#endif
