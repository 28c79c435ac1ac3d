// JSON (RFC 8259): reading into an arena, writing straight into a Text.
#ifndef FOYER_SHARED_JSON_H
#define FOYER_SHARED_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/arena.h"
#include "shared/errors.h"
#include "shared/str.h"

typedef struct Json Json;  // a node of a parsed tree; lives in the arena it was parsed into

// Parses one JSON value with nothing but white space around it. At most 64 levels deep, valid UTF-8, numbers of at most
// 63 characters, no duplicate check (json_get gives the first). NULL when it is none; then *fault_offset (may be NULL)
// is the byte where it went wrong (the length, when only the UTF-8 is wrong). The tree keeps no part of `text`. Any
// thread; does not block.
const Json *json_parse(Arena *arena, Str text, size_t *fault_offset);
// Whether json_parse would make an object or an array of it; *fault_offset is as above, and 0 for any other value.
bool json_is_object_or_array(Str text, size_t *fault_offset);

const Json *json_get(const Json *object, const char *key);  // NULL when absent, or when `object` is NULL or no object
const Json *json_first(const Json *array_or_object);        // first child or NULL
const Json *json_next(const Json *node);                    // next sibling or NULL
size_t json_count(const Json *array_or_object);
const char *json_key(const Json *member);  // the name of an object's member; U+0000 inside is the byte FF
bool json_is_object(const Json *node);     // all of these are false for NULL
bool json_is_array(const Json *node);
bool json_is_string(const Json *node);
bool json_is_number(const Json *node);
bool json_is_null(const Json *node);
bool json_is_bool(const Json *node, bool *out);
bool json_int(const Json *node, int64_t *out);    // an integral number between -2^53 and 2^53, both excluded
bool json_double(const Json *node, double *out);  // any number that a finite double can hold
bool json_str(const Json *node, Str *out);        // a string without U+0000 inside

// Writing. Names and values place their own commas: one is written unless the text is empty or its last byte is '{',
// '[',
// ':', ',' or white space (a head that ends with a line feed may thus stand before). Strings must be valid UTF-8.
void json_open(Text *text, char bracket);      // '{' or '['
void json_close(Text *text, char bracket);     // '}' or ']'
void json_name(Text *text, const char *name);  // "name":  (plain ASCII names of ours only)
void json_add_str(Text *text, Str value);      // escaped and quoted
void json_add_int(Text *text, int64_t value);
void json_add_double(Text *text, double value);
void json_add_bool(Text *text, bool value);
void json_add_null(Text *text);
void json_add_node(Text *text, const Json *node);  // a parsed tree, without white space
void json_add_raw(Text *text, Str json);           // already JSON
void json_add_time(Text *text, int64_t time_ms);   // ISO 8601 UTC with milliseconds, quoted
// A member: its name and its value.
void json_put_str(Text *text, const char *name, Str value);
void json_put_str_or_null(Text *text, const char *name, Str value);  // null when it is empty
void json_put_id_or_null(Text *text, const char *name, int64_t id);  // null when it is 0
void json_put_int(Text *text, const char *name, int64_t value);
void json_put_bool(Text *text, const char *name, bool value);
void json_put_time(Text *text, const char *name, int64_t time_ms);

#endif
