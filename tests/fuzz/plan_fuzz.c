// Any bytes are read as a seating plan, by their first byte as JSON or as CSV. What is accepted keeps the rules of
// plans, is changed no further by plan_finish, and reads back as itself from both forms; what is refused has a fault to
// tell.
#include <stdlib.h>
#include <string.h>

#include "models/plan.h"
#include "models/plan_csv.h"
#include "models/plan_json.h"
#include "shared/json.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static void require(bool holds) {
  if (!holds) abort();
}

static void check_json_round(Arena *arena, const Plan *plan, uint64_t hash) {
  Text text = {.arena = arena};
  Plan back;
  PlanFault fault;
  plan_json_write(&text, plan, PLAN_JSON_WHOLE);
  require(plan_json_read(arena, text_str(&text), &back, &fault));
  require(plan_hash(arena, &back) == hash);
  for (size_t i = 0; i < plan->seat_count; i++) {
    require(str_equal(plan->seats[i].guid, back.seats[i].guid));
  }
}

// A table has no areas, so it is compared with the plan without them; this one takes them away.
static void check_csv_round(Arena *arena, Plan *plan) {
  Text text = {.arena = arena};
  Plan back;
  PlanFault fault;
  plan->area_count = 0;
  require(plan_finish(arena, plan, NULL, &fault));
  plan_csv_write(&text, plan);
  require(plan_csv_read(arena, text_str(&text), plan->name, &back, &fault));
  require(plan_hash(arena, &back) == plan_hash(arena, plan));
}

static void check_geometry(Arena *arena, const Plan *plan, uint64_t hash) {
  Text text = {.arena = arena};
  const PlanIds ids = {.types = ARENA_ARRAY(arena, int64_t, plan->type_count),
                       .seats = ARENA_ARRAY(arena, int64_t, plan->seat_count),
                       .hash = hash};
  plan_write_geometry(&text, plan, &ids);
  require(json_parse(arena, text_str(&text), NULL) != NULL);
}

static void check_accepted(Arena *arena, Plan *plan) {
  PlanFault fault;
  uint64_t hash = plan_hash(arena, plan);
  require(plan_check(arena, plan, NULL, &fault));
  require(plan_finish(arena, plan, NULL, &fault));
  require(plan_hash(arena, plan) == hash);
  check_geometry(arena, plan, hash);
  check_json_round(arena, plan, hash);
  check_csv_round(arena, plan);
}

static void check_refused(const PlanFault *fault) {
  require(fault->where.length > 0 && str_is_utf8(fault->where));
  require(fault->what.length > 0 && str_is_utf8(fault->what));
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size) {
  if (size == 0) return 0;
  Arena arena = {0};
  Plan plan;
  PlanFault fault = {{0}, {0}};
  bool as_json = bytes[0] == 'j';
  // A copy of exactly these bytes, so that the sanitizer sees a step beyond them.
  char *copy = malloc(size > 1 ? size - 1 : 1);
  memcpy(copy, bytes + 1, size - 1);
  Str input = {copy, size - 1};
  bool accepted =
      as_json ? plan_json_read(&arena, input, &plan, &fault) : plan_csv_read(&arena, input, STR("Hall"), &plan, &fault);
  if (accepted) {
    check_accepted(&arena, &plan);
  } else {
    check_refused(&fault);
  }
  arena_free(&arena);
  free(copy);
  return 0;
}
