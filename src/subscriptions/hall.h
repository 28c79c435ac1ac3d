// The topics of a hall, for the program's table: `hall` (its seats) and `viewers` (how many watch it).
#ifndef FOYER_SUBSCRIPTIONS_HALL_H
#define FOYER_SUBSCRIPTIONS_HALL_H

#include "core/topic.h"

extern const TopicKind hall_topic_kind;
extern const TopicKind viewers_topic_kind;

#endif
