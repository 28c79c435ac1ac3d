// Any bytes go into json_parse. What it accepts is written back, must parse again, and written again be the same text.
#include <stdlib.h>
#include <string.h>

#include "shared/json.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static void require(bool holds) {
  if (!holds) abort();
}

static void write_node(Text *text, const Json *node);

// A member's name as any string: json_name is for names of ours only.
static void write_name(Text *text, const Json *member) {
  Str name = str_from(json_key(member));
  json_add_str(text, str_is_utf8(name) ? name : STR("name with U+0000"));
  text_char(text, ':');
}

static void write_children(Text *text, const Json *node) {
  bool object = json_is_object(node);
  size_t count = 0;
  json_open(text, object ? '{' : '[');
  for (const Json *child = json_first(node); child != NULL; child = json_next(child)) {
    if (object) {
      write_name(text, child);
      require(json_get(node, json_key(child)) != NULL);
    }
    write_node(text, child);
    count++;
  }
  json_close(text, object ? '}' : ']');
  require(count == json_count(node));
}

static void write_number(Text *text, const Json *node) {
  int64_t integer;
  double number;
  if (json_int(node, &integer)) {
    json_add_int(text, integer);
  } else if (json_double(node, &number)) {
    json_add_double(text, number);
  } else {
    json_add_null(text);
  }
}

static void write_node(Text *text, const Json *node) {
  Str s;
  bool yes;
  if (json_is_object(node) || json_is_array(node)) {
    write_children(text, node);
  } else if (json_str(node, &s)) {
    require(str_is_utf8(s));
    json_add_str(text, s);
  } else if (json_is_number(node)) {
    write_number(text, node);
  } else if (json_is_bool(node, &yes)) {
    json_add_bool(text, yes);
  } else {
    require(json_is_null(node) || json_is_string(node));
    json_add_null(text);
  }
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size) {
  Arena arena = {0};
  size_t fault = 0;
  const Json *tree = json_parse(&arena, (Str){(const char *)bytes, size}, &fault);
  require(tree != NULL || fault <= size);
  if (tree != NULL) {
    Text first = {.arena = &arena};
    write_node(&first, tree);
    const Json *again = json_parse(&arena, text_str(&first), NULL);
    require(again != NULL);
    Text second = {.arena = &arena};
    write_node(&second, again);
    require(str_equal(text_str(&first), text_str(&second)));
  }
  arena_free(&arena);
  return 0;
}
