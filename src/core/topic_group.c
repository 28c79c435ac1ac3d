// Topics: the groups of a topic's subscribers.
#include <stdlib.h>
#include <string.h>

#include "core/topic_private.h"

Group *topic_group(Topic *topic, const SubscribeRequest *request) {
  Group *group = topic->groups;
  for (; group != NULL; group = group->next) {
    if (group->form == request->form && group->type == request->type &&
        str_equal((Str){group->eid, group->eid_bytes}, request->eid)) {
      return group;
    }
  }
  group = calloc(1, sizeof *group + request->eid.length);
  if (group == NULL) return NULL;
  *group = (Group){.next = topic->groups,
                   .topic = topic,
                   .type = request->type,
                   .form = request->form,
                   .eid_bytes = (uint8_t)request->eid.length};
  memcpy(group->eid, request->eid.at, request->eid.length);
  topic->groups = group;
  return group;
}

static void free_group(Group *group) {
  for (int i = 0; i < 2; i++) buf_unref(group->snapshot[i]);
  free(group->subscribers);
  free(group);
}

void topic_drop_empty_groups(Topic *topic) {
  for (Group **link = &topic->groups; *link != NULL;) {
    Group *group = *link;
    if (group->count == 0) {
      *link = group->next;
      free_group(group);
    } else {
      link = &group->next;
    }
  }
}

bool topic_add_to_group(Group *group, Subscriber *subscriber) {
  if (group->count == group->capacity) {
    uint32_t capacity = group->capacity == 0 ? 4 : group->capacity * 2;
    Subscriber **grown = realloc(group->subscribers, capacity * sizeof(Subscriber *));
    if (grown == NULL) return false;
    group->subscribers = grown;
    group->capacity = capacity;
  }
  subscriber->group = group;
  subscriber->index = group->count;
  group->subscribers[group->count++] = subscriber;
  return true;
}
