// Rows for one statement, as arrays of PostgreSQL: {1,2,NULL}, {"a","say \"b\"",NULL}.
#include "core/postgres_gather.h"

#include <assert.h>

static GatheredStatement *find(Gathered *gathered, const char *sql) {
  for (int i = 0; i < gathered->count; i++) {
    if (gathered->statements[i].sql == sql) return &gathered->statements[i];
  }
  return NULL;
}

bool gathered_is_full(Gathered *gathered, const char *sql) {
  const GatheredStatement *found = find(gathered, sql);
  return found != NULL ? found->row_count == GATHERED_ROWS : gathered->count == GATHERED_STATEMENTS;
}

static void add_text(Text *out, Str text) {
  text_char(out, '"');
  for (size_t at = 0, next; at < text.length; at = next) {
    for (next = at + 1; next < text.length && text.at[next] != '"' && text.at[next] != '\\'; next++) continue;
    if (text.at[at] == '"' || text.at[at] == '\\') text_char(out, '\\');
    text_add(out, (Str){text.at + at, next - at});
  }
  text_char(out, '"');
}

static void add_value(Text *out, const SqlValue *value) {
  text_char(out, out->length == 0 ? '{' : ',');
  switch (value->kind) {
    case SQL_NULL:
      text_add(out, STR("NULL"));
      return;
    case SQL_INT:
      text_int(out, value->integer);
      return;
    case SQL_REAL:
      text_double(out, value->real);
      return;
    case SQL_TEXT:
      add_text(out, value->text);
      return;
  }
}

void gathered_add(Gathered *gathered, const char *sql, const SqlValue *values, int count) {
  GatheredStatement *statement = find(gathered, sql);
  assert(count > 0 && count <= GATHERED_PARAMETERS && !gathered_is_full(gathered, sql));
  if (statement == NULL) {
    statement = &gathered->statements[gathered->count++];
    *statement = (GatheredStatement){.sql = sql, .parameter_count = count};
    for (int i = 0; i < count; i++) statement->arrays[i].arena = &gathered->arena;
  }
  assert(statement->parameter_count == count);
  for (int i = 0; i < count; i++) add_value(&statement->arrays[i], &values[i + 1]);
  ++statement->row_count;
}

bool gathered_encode(Gathered *gathered, GatheredStatement *statement, Parameters *to) {
  for (int i = 0; i < statement->parameter_count; i++) {
    Text *array = &statement->arrays[i];
    text_char(array, '}');
    text_char(array, 0);
    to->types[i] = 0;
    to->formats[i] = 0;
    to->values[i] = array->at;
    to->lengths[i] = (int)array->length;
  }
  return !gathered->arena.failed;
}

void gathered_forget(Gathered *gathered) {
  if (gathered->count > 0) arena_reset(&gathered->arena);
  gathered->count = 0;
}

void gathered_free(Gathered *gathered) {
  arena_free(&gathered->arena);
}
