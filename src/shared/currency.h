// Currencies (ISO 4217): how many digits one has behind the point, and sums as people write them. Sums are minor units.
#ifndef FOYER_SHARED_CURRENCY_H
#define FOYER_SHARED_CURRENCY_H

#include "shared/str.h"

bool currency_is_code(Str text);   // three letters in lower case: "inr"
int64_t currency_units(Str code);  // minor units of a major one: 1, 100 or 1000
int64_t currency_step(Str code);   // providers take multiples of so many minor units: 1, 10 or 100
// "49.9", "49.90" or "49" of rupees. False: that is no sum of this currency from 0 to a thousand million major units.
bool currency_read(Str text, Str code, int64_t *minor);
void currency_write(Text *out, int64_t minor, Str code);  // "49.90 INR"

#endif
