// Every method that changes messages, their index or blocks, swept with faults.
#include "methods/block.h"
#include "methods/message.h"
#include "methods/own_data.h"
#include "support/fault_sweep.h"

#define SEND(person, json_of_it) \
  { .method = &message_method_send, .who = (person), .json = json_of_it }
#define HELLO SEND(&venue_anna, "{\"id\":2,\"message\":\"hello there\",\"clientID\":\"k\"}")
#define ANSWER SEND(&venue_bert, "{\"id\":1,\"message\":\"hello you\"}")
#define NOTE SEND(&venue_anna, "{\"id\":1,\"message\":\"a note\"}")
#define INDEX \
  { .method = &message_method_index }
#define EDIT \
  { .method = &message_method_edit, .who = &venue_anna, .json = "{\"message-id\":1,\"message\":\"other words\"}" }
#define DELETE \
  { .method = &message_method_delete, .who = &venue_anna, .json = "{\"message-id\":1}" }
#define BLOCK \
  { .method = &block_method_put, .who = &venue_bert, .json = "{\"id\":1}" }
#define EXPIRE \
  { .method = &message_method_expire, .pass_ms = INT64_C(2) * 24 * RIG_HOUR_MS }

static const FaultScene scenes[] = {
    {.call = HELLO},
    {.before = {HELLO}, .call = HELLO, .reads = true},  // sent again: the same message
    {.before = {HELLO}, .call = ANSWER},
    {.call = NOTE},
    {.before = {HELLO, ANSWER, NOTE}, .call = INDEX, .of_file = true},
    {.before = {HELLO, INDEX, ANSWER}, .call = INDEX, .of_file = true},
    {.before = {HELLO}, .call = EDIT},
    {.before = {HELLO, INDEX}, .call = EDIT},
    {.before = {HELLO, ANSWER}, .call = DELETE},
    {.before = {HELLO, INDEX}, .call = DELETE},
    {.before = {HELLO}, .call = {.method = &message_method_read, .who = &venue_bert, .json = "{\"message-id\":1}"}},
    {.before = {HELLO, ANSWER, NOTE, INDEX}, .call = EXPIRE},
    {.call = BLOCK},
    {.before = {BLOCK}, .call = {.method = &block_method_drop, .who = &venue_bert, .json = "{\"id\":1}"}},
    {.before = {HELLO, ANSWER, INDEX},
     .call = {.method = &message_method_search, .who = &venue_bert, .json = "{\"q\":\"hello the\"}"},
     .reads = true},
    {.before = {HELLO, ANSWER, NOTE},
     .call = {.method = &own_data_export, .who = &venue_anna, .json = "{}"},
     .reads = true},
};

#define MESSAGES                                                                                             \
  "SELECT coalesce((SELECT group_concat(id || text || seq || is_read || is_updated) FROM messages), '')"     \
  " || '|' || (SELECT count(*) || coalesce(group_concat(topic || kind), '') FROM events) || '|' ||"          \
  " (SELECT count(*) FROM dialogs) || (SELECT count(*) FROM message_names) || (SELECT count(*) FROM blocks)" \
  " || coalesce((SELECT group_concat(count) FROM message_blocks), '') || '|'"
static const char everything[] =
    SQL_FORMS(MESSAGES
              " || (SELECT indexed_to FROM message_index)"
              " || coalesce((SELECT group_concat(col || term || doc) FROM message_terms), '')",
              MESSAGES " || coalesce((SELECT group_concat(term || doc) FROM message_terms), '')");

// The index is that of the texts.
static const char check[] =
    SQL_FORMS("INSERT INTO message_words(message_words, rank) VALUES('integrity-check', 0)",
              "SELECT 1 / (count(*) = 0)::INTEGER FROM message_texts t FULL JOIN message_words w USING (id)"
              " WHERE w.words IS DISTINCT FROM message_vector(t.people, t.text)");

static const FaultSweep sweep = {
    .scenes = scenes,
    .scene_count = sizeof scenes / sizeof scenes[0],
    .everything = everything,
    .check = check,
    .config = {.message_retention_days = 1},
};

int main(void) {
  return fault_sweep_run(&sweep);
}
