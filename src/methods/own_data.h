// What is kept of a person, for himself (docs/wire_additions.md).
#ifndef FOYER_METHODS_OWN_DATA_H
#define FOYER_METHODS_OWN_DATA_H

#include "core/call.h"

extern const Method own_data_export;  // {after}: replies as own_data_write

#endif
