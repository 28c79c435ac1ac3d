// Addresses of the network, as limits count them. Pure; any thread.
#ifndef FOYER_SHARED_ADDRESS_H
#define FOYER_SHARED_ADDRESS_H

#include "shared/str.h"

enum { ADDRESS_BYTES = 48 };

// Whose address it is: of IPv6 the first 64 bits (RFC 6177: what the smallest customer is given, to choose the rest as
// he likes), written into `buffer`; any other text as it is.
Str address_owner(Str address, char buffer[ADDRESS_BYTES]);

#endif
