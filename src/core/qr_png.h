// A QR code as a PNG picture. Any thread; does not block.
#ifndef FOYER_CORE_QR_PNG_H
#define FOYER_CORE_QR_PNG_H

#include "shared/arena.h"
#include "shared/str.h"

// The code of `text` (error correction M) with its quiet zone, black on white, `scale` pixels a module. Empty when it
// is too long for a QR code or memory was out.
Str qr_png(Arena *arena, Str text, unsigned scale);

#endif
