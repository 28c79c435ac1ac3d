// The topic of the cinemas with their halls and counters, for the program's table.
#ifndef FOYER_SUBSCRIPTIONS_CINEMA_H
#define FOYER_SUBSCRIPTIONS_CINEMA_H

#include "core/topic.h"

extern const TopicKind cinemas_topic_kind;

#endif
