// Messages found by their words: the index and its upkeep. On a store thread, in the call's transaction.
//
// An index entry costs more than the message, and three times as much when it is written alone as among many. So new
// messages are indexed together by message_index_next, a moment after they came; what changes afterwards changes at
// once.
#ifndef FOYER_MODELS_MESSAGE_SEARCH_H
#define FOYER_MODELS_MESSAGE_SEARCH_H

#include "core/call.h"

// Indexes the next messages, or merges some of the index instead; whether there may be more to do.
bool message_index_next(Call *call);
// Takes a message out of the index, before it changes or goes, and puts it in again, when it has changed. Nothing
// happens to one that was not indexed yet.
void message_index_drop(Db *db, int64_t message_id);
void message_index_add(Db *db, int64_t message_id);

typedef struct MessageSearch {
  int64_t user_id;    // in whose messages
  int64_t dialog_id;  // in which of his dialogs; 0: in all
  Str words;          // as typed: all of them must be there, the last may be the beginning of a word
  int64_t before;     // only messages with a smaller id
  int64_t take;       // at most
  int work;           // as db_limit_work
} MessageSearch;

// Writes {"messages","next","partial"}: the newest that are found, each with its marks: [from, to) of every word, in
// UTF-16 units. `next` is the `before` of what follows, null when this was all. `partial`: the work was cut short,
// there may be more.
void message_search(Call *call, Text *out, const MessageSearch *search);

#endif
