// draw_halls HALL json|csv: prints a demo hall as a seating plan, so that it can be imported, changed and imported
// again.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/demo_halls.h"
#include "models/plan_csv.h"
#include "models/plan_json.h"

static int usage(void) {
  fputs("usage: draw_halls HALL json|json-strict|csv\nHALL is one of:", stderr);
  for (int hall = 0; hall < DEMO_HALLS; hall++) {
    fprintf(stderr, " %s", demo_hall_key((DemoHall)hall));
  }
  fputs("\n", stderr);
  return 2;
}

// False when there is no such form.
static bool write_plan(Text *text, const Plan *plan, const char *form) {
  if (strcmp(form, "json") == 0) {
    plan_json_write(text, plan, PLAN_JSON_WHOLE);
  } else if (strcmp(form, "json-strict") == 0) {
    plan_json_write(text, plan, PLAN_JSON_STRICT);
  } else if (strcmp(form, "csv") == 0) {
    plan_csv_write(text, plan);
  } else {
    return false;
  }
  return true;
}

int main(int argument_count, char **arguments) {
  if (argument_count != 3) return usage();
  DemoHall hall = demo_hall_of_key(str_from(arguments[1]));
  if (hall == DEMO_HALLS) return usage();
  Arena arena = {0};
  Plan plan;
  Text text = {.arena = &arena};
  demo_hall_draw(&arena, hall, &plan);
  if (!write_plan(&text, &plan, arguments[2])) return usage();
  bool written = fwrite(text.at, 1, text.length, stdout) == text.length && fflush(stdout) == 0;
  arena_free(&arena);
  if (!written) perror("draw_halls");
  return written ? 0 : 1;
}
