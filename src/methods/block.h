// Blocking people (docs/wire_additions.md). Names as in methods/message.h.
#ifndef FOYER_METHODS_BLOCK_H
#define FOYER_METHODS_BLOCK_H

#include "core/call.h"

extern const Method block_method_put;   // {id}
extern const Method block_method_drop;  // {id}
extern const Method block_method_list;  // replies [{"id","name"}]

#endif
