// The subscription to a concert: its stock and its sale. Key: the concert's id.
#ifndef FOYER_SUBSCRIPTIONS_CONCERT_H
#define FOYER_SUBSCRIPTIONS_CONCERT_H

#include "core/topic.h"

extern const TopicKind concert_topic_kind;

#endif
