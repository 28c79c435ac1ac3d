// Bytes as text: hexadecimal, base32 and base64 (RFC 4648), percent-encoding (RFC 3986), and random ids.
// All texts and bytes given live in the arena. Decoders answer false for a character outside the alphabet, an
// impossible length or left-over bits that are not zero, so that bytes have one text only; *out is then untouched or
// undefined.
#ifndef FOYER_SHARED_IDS_H
#define FOYER_SHARED_IDS_H

#include "shared/arena.h"
#include "shared/str.h"
#include "shared/time.h"

Str ids_hex(Arena *arena, const void *bytes, size_t count);        // lower case
bool ids_from_hex(Arena *arena, Str hex, Str *bytes);              // either case
Str ids_base32(Arena *arena, const void *bytes, size_t count);     // upper case, no padding
bool ids_from_base32(Arena *arena, Str text, Str *bytes);          // either case, padding optional
Str ids_base64(Arena *arena, const void *bytes, size_t count);     // with padding
bool ids_from_base64(Arena *arena, Str text, Str *bytes);          // padding optional
Str ids_base64url(Arena *arena, const void *bytes, size_t count);  // no padding
bool ids_from_base64url(Arena *arena, Str text, Str *bytes);       // padding refused
Str ids_percent(Arena *arena, Str text);                           // like encodeURIComponent
bool ids_from_percent(Arena *arena, Str text, Str *out);           // like decodeURIComponent; but no U+0000
Str ids_random(Arena *arena, const Env *env, size_t characters);   // from A-Za-z0-9_-, 6 bits a character
Str ids_public(Arena *arena, const Env *env);                      // 24 hex digits: how the tickets door names things

#endif
