// Searching in one's own messages, and what time does to messages.
#include <stddef.h>

#include "methods/message.h"
#include "models/dialog.h"
#include "models/message.h"
#include "models/message_search.h"

enum { WORDS_MAX = 100, TAKE_MAX = 50, TAKE_USUAL = 20, WORK = 20 };

typedef struct SearchInput {
  Str words;
  int64_t other_id;  // only with him; 0: with anybody
  int64_t take;
  int64_t before;
  bool take_given;
} SearchInput;

static const Field search_fields[] = {
    {.name = "q",
     .kind = FIELD_STRING,
     .offset = offsetof(SearchInput, words),
     .min = 1,
     .max = WORDS_MAX,
     .error = ERR_VALIDATION},
    {.name = "with",
     .kind = FIELD_ID,
     .offset = offsetof(SearchInput, other_id),
     .optional = true,
     .error = ERR_VALIDATION},
    {.name = "take",
     .kind = FIELD_INT,
     .offset = offsetof(SearchInput, take),
     .optional = true,
     .given = offsetof(SearchInput, take_given),
     .max = TAKE_MAX,
     .error = ERR_VALIDATION},
    {.name = "before",
     .kind = FIELD_ID,
     .offset = offsetof(SearchInput, before),
     .optional = true,
     .error = ERR_VALIDATION},
};

static Error search(Call *call, const void *input) {
  const SearchInput *in = input;
  MessageSearch search = {.user_id = call->who.user_id,
                          .words = in->words,
                          .before = in->before > 0 ? in->before : INT64_MAX,
                          .take = in->take_given ? in->take : TAKE_USUAL,
                          .work = WORK};
  if (in->other_id != 0) {
    if (!dialog_person_exists(call->db, in->other_id)) return ERR_PERSON_NOT_FOUND;
    search.dialog_id = dialog_find(call->db, call->who.user_id, in->other_id);
    if (search.dialog_id == 0) search.take = 0;  // they have none: there is nothing to find
  }
  message_search(call, &call->reply, &search);
  return ERR_NONE;
}

const Method message_method_search = {.name = "message.search",
                                      .access = ACCESS_SIGNED_IN,
                                      .reads_only = true,
                                      .fields = search_fields,
                                      .field_count = 4,
                                      .input_bytes = sizeof(SearchInput),
                                      .run = search};

static Error index_next(Call *call, const void *input) {
  (void)input;
  if (message_index_next(call)) text_add(&call->reply, STR("{\"more\":true}"));  // the ticker runs it again soon
  return ERR_NONE;
}

const Method message_method_index = {.name = "message.index", .access = ACCESS_ANYONE, .run = index_next};

static Error expire(Call *call, const void *input) {
  enum { DAY_MS = 24 * 3600 * 1000 };
  int64_t days = call->config->message_retention_days;
  (void)input;
  if (days > 0 && message_expire(call, call->now_ms - days * DAY_MS)) text_add(&call->reply, STR("{\"more\":true}"));
  return ERR_NONE;
}

const Method message_method_expire = {.name = "message.expire", .access = ACCESS_ANYONE, .run = expire};
