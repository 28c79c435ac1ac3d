// What is asked of people at the messenger door: the messenger contract, 1.3.
#ifndef FOYER_METHODS_PERSON_H
#define FOYER_METHODS_PERSON_H

#include "core/call.h"

extern const Method person_search;
extern const Method person_exists;
extern const Method person_name;

#endif
