// Presence: who hears that somebody is online or not, that somebody writes, and when somebody was last seen.
#ifndef FOYER_METHODS_PRESENCE_H
#define FOYER_METHODS_PRESENCE_H

#include "core/call.h"

// The program's tick: tells the dialog partners of those whose state has changed (models/presence.h).
extern const Method presence_tick;
extern const Method presence_typing;          // {"to"}: tells him that the caller writes
extern const Method presence_last_seen;       // answers {"shown"}
extern const Method presence_show_last_seen;  // {"shown"}: likewise, when it is so

#endif
