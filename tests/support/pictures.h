// Pictures of subscriptions in a test's own hands: loaded as a reader thread does it, given the events that a loop
// heard.
#ifndef FOYER_TESTS_SUPPORT_PICTURES_H
#define FOYER_TESTS_SUPPORT_PICTURES_H

#include "core/topic.h"
#include "support/rig.h"

// Loads a picture in a read transaction; *picture is the test's to free by kind->free. ERR_NONE or what the kind said.
Error pictures_load(Rig *rig, const TopicKind *kind, int64_t key, void **picture);

// The kind's snapshot, and its update since a seq with *part_kind set; in the rig's arena.
Str pictures_snapshot(Rig *rig, const TopicKind *kind, void *picture, TopicForm form);
Str pictures_update(Rig *rig, const TopicKind *kind, void *picture, TopicForm form, int64_t since, uint32_t part,
                    TopicPart *part_kind);

// Sets seats ("1,2") of a hall through the method, as the door would; asserts that it worked, or gives the error.
void pictures_set_seats(Rig *rig, const Identity *who, int64_t hall_id, const char *seat_ids, const char *status);
Error pictures_try_seats(Rig *rig, const Identity *who, int64_t hall_id, const char *seat_ids, const char *status);

// Events that the rig's first loop was told of, kept from the time this is given as RigSettings.event.
void pictures_keep_event(Loop *loop, const Event *event);
void pictures_forget_events(void);
// Brings the kept events in, in their order; gives what the kind said of the last.
TopicApplied pictures_apply_kept(const TopicKind *kind, void *picture);

#endif
