// What can be asked of the dialogs of a person.
#ifndef FOYER_METHODS_DIALOG_H
#define FOYER_METHODS_DIALOG_H

#include "core/call.h"

extern const Method dialog_list;  // replies all of them, the one with the latest message first

#endif
