// The methods of concerts, for the program's tables.
#ifndef FOYER_METHODS_CONCERT_H
#define FOYER_METHODS_CONCERT_H

#include "core/call.h"

extern const Method concert_method_get;   // {"concertId"?}: GET concert
extern const Method concert_method_list;  // GET concerts

#endif
