// People with sockets, in a table; leases in the order of their ends; changes in the order of their coming. Whoever is
// neither online nor to be told of is not kept.
#include "models/presence.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/deadline.h"
#include "core/lookup.h"
#include "models/presence_elsewhere.h"

typedef struct Person {
  LookupNode node;
  int64_t user_id;
  int64_t seen_ms;
  int64_t heard;        // elsewhere_heard, when he came
  int64_t again_ms;     // when he last said once more that he is there
  int64_t after;        // those up to this id have been told of the change
  int64_t told_until;   // and up to this one, once the telling under way is settled; 0: all
  Deadline lease;       // the last socket has gone: online until then
  struct Person *next;  // of `changed`
  uint32_t sockets;
  bool changed;
  bool told_online;  // what the telling under way says of him
  bool announced;    // other processes were told that he is here
} Person;

static struct {
  pthread_mutex_t lock;
  Lookup people;
  DeadlineList left;  // leases
  DeadlineList lost;
  Person *changed;  // of whom is to be told, the oldest change first
  Person **changed_tail;
  Person *telling[PRESENCE_BATCH];  // that were taken
  size_t telling_count;
  int64_t *anew;  // who were here when a process asked for all
  size_t anew_count;
  size_t anew_told;   // so many of them have been told
  size_t anew_until;  // and so many, once the telling under way is settled
  bool asked;         // since they were noted, a process has asked
  _Atomic bool news;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER,
         .left = {{&all.left.ends, &all.left.ends, 0}},
         .lost = {{&all.lost.ends, &all.lost.ends, 0}},
         .changed_tail = &all.changed};

static void lock(void) {
  pthread_mutex_lock(&all.lock);
}

static void unlock(void) {
  pthread_mutex_unlock(&all.lock);
}

// People.

static Person *find(int64_t user_id) {
  LookupNode *node = lookup_first(&all.people, lookup_hash_of(user_id));
  while (node != NULL && LOOKUP_OWNER(node, Person, node)->user_id != user_id) node = lookup_next(node);
  return node != NULL ? LOOKUP_OWNER(node, Person, node) : NULL;
}

static Person *find_or_add(int64_t user_id) {
  Person *person = find(user_id);
  if (person != NULL) return person;
  person = calloc(1, sizeof *person);
  if (person == NULL) return NULL;
  person->user_id = user_id;
  if (lookup_add(&all.people, &person->node, lookup_hash_of(user_id))) return person;
  free(person);
  return NULL;
}

static bool is_online(const Person *person) {
  return person->sockets > 0 || person->lease.next != NULL;
}

static void note_change(Person *person) {
  atomic_store(&all.news, true);
  if (person->changed) return;
  person->changed = true;
  person->next = NULL;
  *all.changed_tail = person;
  all.changed_tail = &person->next;
}

uint32_t presence_arrive(int64_t user_id, bool back, int64_t now_ms) {
  lock();
  Person *person = find_or_add(user_id);
  uint32_t sockets = 0;
  if (person != NULL) {
    if (!is_online(person)) person->heard = elsewhere_heard();
    if (!back || !is_online(person)) note_change(person);
    deadline_clear(&person->lease);
    person->seen_ms = now_ms;
    sockets = ++person->sockets;
  }
  unlock();
  return sockets;
}

void presence_arrive_again(int64_t user_id, int64_t now_ms) {
  lock();
  Person *person = find(user_id);
  // A clock that was put back lets him.
  if (person != NULL && (uint64_t)(now_ms - person->again_ms) >= PRESENCE_AGAIN_MS) {
    person->again_ms = person->seen_ms = now_ms;
    note_change(person);
  }
  unlock();
}

void presence_leave(int64_t user_id, bool lost, int64_t now_ms) {
  lock();
  Person *person = find(user_id);
  if (person != NULL && person->sockets > 0 && --person->sockets == 0) {
    person->seen_ms = now_ms;
    deadline_set(lost ? &all.lost : &all.left, &person->lease,
                 (uint64_t)(now_ms + (lost ? PRESENCE_LOST_MS : PRESENCE_LEFT_MS)));
    atomic_store(&all.news, true);
  }
  unlock();
}

bool presence_is_online(int64_t user_id) {
  lock();
  const Person *person = find(user_id);
  bool online = person != NULL && is_online(person);
  unlock();
  return online || elsewhere_has(user_id);
}

// Telling.

bool presence_take_news(void) {
  return atomic_load(&all.news) && atomic_exchange(&all.news, false);
}

// When the first lease of a list ends. A clock that was put back makes none longer than twice as long: who asks may
// have read the clock some time before the lease began.
static int64_t end_of(const DeadlineList *leases, int64_t now_ms) {
  uint64_t end_ms = deadlines_next_ms(leases);
  if (end_ms == UINT64_MAX) return INT64_MAX;
  return (int64_t)end_ms > now_ms + 2 * PRESENCE_LOST_MS ? now_ms : (int64_t)end_ms;
}

int64_t presence_next(int64_t now_ms) {
  lock();
  int64_t left_ms = end_of(&all.left, now_ms);
  int64_t lost_ms = end_of(&all.lost, now_ms);
  bool due = all.changed != NULL || all.telling_count > 0 || all.asked || all.anew != NULL;
  unlock();
  due = due || elsewhere_has_left();
  return due ? now_ms : left_ms < lost_ms ? left_ms : lost_ms;
}

static void end_leases(DeadlineList *leases, int64_t now_ms) {
  while (end_of(leases, now_ms) <= now_ms) {
    Person *person = DEADLINE_OWNER(leases->ends.next, Person, lease);
    deadline_clear(&person->lease);
    note_change(person);
  }
}

// Those who were taken and of whom nobody was told.
static void take_back(void) {
  for (size_t i = 0; i < all.telling_count; i++) note_change(all.telling[i]);
  all.telling_count = 0;
}

size_t presence_take(int64_t now_ms, PresenceChange *changes) {
  lock();
  take_back();
  end_leases(&all.left, now_ms);
  end_leases(&all.lost, now_ms);
  while (all.changed != NULL && all.telling_count < PRESENCE_BATCH) {
    Person *person = all.changed;
    all.changed = person->next;
    person->changed = false;
    person->told_until = 0;
    person->told_online = is_online(person);
    changes[all.telling_count] = (PresenceChange){person->user_id,     person->seen_ms,   person->after,
                                                  person->told_online, person->announced, person->heard};
    all.telling[all.telling_count++] = person;
  }
  if (all.changed == NULL) all.changed_tail = &all.changed;
  size_t count = all.telling_count;
  unlock();
  return count;
}

void presence_told_until(size_t nth, int64_t user_id) {
  lock();
  all.telling[nth]->told_until = user_id;
  unlock();
}

static void forget_anew(void) {
  free(all.anew);
  all.anew = NULL;
  all.anew_count = all.anew_told = all.anew_until = 0;
}

// A change while the last one was told is told from the beginning.
static void settle(Person *person) {
  person->announced = person->told_online;
  person->after = person->changed ? 0 : person->told_until;
  if (person->after > 0) note_change(person);
  if (person->changed || is_online(person)) return;
  lookup_remove(&all.people, &person->node);
  free(person);
}

void presence_settle(void) {
  lock();
  for (size_t i = 0; i < all.telling_count; i++) settle(all.telling[i]);
  all.telling_count = 0;
  all.anew_told = all.anew_until;
  if (all.anew_told == all.anew_count) forget_anew();
  unlock();
}

// Other processes.

void presence_left_elsewhere(int64_t user_id, int64_t seen_ms) {
  lock();
  Person *person = find_or_add(user_id);
  if (person != NULL && !is_online(person)) {
    if (person->seen_ms < seen_ms) person->seen_ms = seen_ms;
    note_change(person);
  }
  unlock();
}

// Notes who is here; false: no memory, it is tried again.
static bool note_all(void) {
  forget_anew();
  all.anew = calloc((size_t)all.people.count + 1, sizeof *all.anew);
  if (all.anew == NULL) return false;
  for (uint32_t i = 0; i < all.people.capacity; i++) {
    for (LookupNode *node = all.people.buckets[i]; node != NULL; node = node->next)
      all.anew[all.anew_count++] = LOOKUP_OWNER(node, Person, node)->user_id;
  }
  return true;
}

size_t presence_take_anew(int64_t *people, size_t most) {
  size_t count = 0;
  lock();
  if (all.asked) all.asked = !note_all();
  all.anew_until = all.anew_told;
  while (count < most && all.anew_until < all.anew_count) {
    const Person *person = find(all.anew[all.anew_until++]);
    // Whoever is announced is also told of when he goes.
    if (person != NULL && person->announced && is_online(person)) people[count++] = person->user_id;
  }
  if (count == 0) forget_anew();
  unlock();
  return count;
}

// The others were told that nobody is here any more: neither they nor the partners know.
static void tell_all_again(void) {
  for (uint32_t i = 0; i < all.people.capacity; i++) {
    for (LookupNode *node = all.people.buckets[i]; node != NULL; node = node->next) {
      Person *person = LOOKUP_OWNER(node, Person, node);
      person->announced = false;
      if (is_online(person)) note_change(person);
    }
  }
}

void presence_committed(const Event *event) {
  ElsewhereNews news = elsewhere_committed(event);
  if (news == ELSEWHERE_NOTHING) return;
  lock();
  if (news == ELSEWHERE_DROPPED) tell_all_again();
  if (news == ELSEWHERE_ASKED) all.asked = true;
  unlock();
  atomic_store(&all.news, true);
}

void presence_forget_elsewhere(void) {
  if (!elsewhere_forget()) return;
  lock();
  all.asked = true;
  unlock();
  atomic_store(&all.news, true);
}

void presence_free(void) {
  for (uint32_t i = 0; i < all.people.capacity; i++) {
    while (all.people.buckets[i] != NULL) {
      Person *person = LOOKUP_OWNER(all.people.buckets[i], Person, node);
      deadline_clear(&person->lease);
      lookup_remove(&all.people, &person->node);
      free(person);
    }
  }
  lookup_free(&all.people);
  all.asked = false;
  forget_anew();
  elsewhere_free();
  all.changed = NULL;
  all.changed_tail = &all.changed;
  all.telling_count = 0;
}
