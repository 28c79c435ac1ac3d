// Presence. Partners are read on a reader, a page of them at a time; telling them and noting when people were seen is
// the writer's, one call for many people.
#include "methods/presence.h"

#include <stddef.h>

#include "models/block.h"
#include "models/dialog.h"
#include "models/last_seen.h"
#include "models/presence.h"
#include "models/presence_elsewhere.h"

enum { PARTNERS_PAGE = 256 };

static const char typing_event[] = "user:typing";

// The tick.

typedef struct Told {
  const int64_t *partners;  // who are online
  size_t partner_count;
  const int64_t *others;  // of a shared database: who were not
  size_t other_count;
  bool shows_last_seen;
} Told;

typedef struct Tick {
  PresenceChange changes[PRESENCE_BATCH];
  Told told[PRESENCE_BATCH];
  size_t count;
  bool shared;
  bool signs;           // other processes are to be told, too
  const int64_t *anew;  // of these, who are online here
  size_t anew_count;
  ElsewhereSign sign;
} Tick;

// To the other processes: who is here, and who is no longer.
static void give_sign(Call *call, Tick *tick) {
  int64_t *people = ARENA_ARRAY(&call->arena, int64_t, tick->count + tick->anew_count + 1);
  size_t count = 0;
  for (size_t i = 0; i < tick->count; i++) {
    const PresenceChange *change = &tick->changes[i];
    if (change->online) people[count++] = change->user_id;
    if (!change->online && change->announced) people[count++] = -change->user_id;
  }
  for (size_t i = 0; i < tick->anew_count; i++) people[count++] = tick->anew[i];
  tick->sign = elsewhere_sign(call);
  elsewhere_tell(call, &tick->sign, people, count);
}

static bool hears(Call *call, int64_t partner, int64_t user_id) {
  return presence_is_online(partner) && !block_stands(call->db, user_id, partner);
}

// Partners of whom another process has told since they were looked at.
static void tell_others(Call *call, const Told *told, int64_t user_id, bool online, int64_t seen_ms) {
  int64_t *late = ARENA_ARRAY(&call->arena, int64_t, told->other_count);
  size_t count = 0;
  for (size_t i = 0; i < told->other_count; i++) {
    if (hears(call, told->others[i], user_id)) late[count++] = told->others[i];
  }
  dialog_tell_status(call, late, count, user_id, online, seen_ms);
}

// Of partners who came elsewhere between his coming and its being told: their process did not know yet that he is here.
static void tell_him(Call *call, const int64_t *partners, size_t count, const PresenceChange *change) {
  for (size_t i = 0; i < count; i++) {
    if (!elsewhere_came_after(partners[i], change->heard)) continue;
    if (!block_stands(call->db, partners[i], change->user_id))
      dialog_tell_status(call, &change->user_id, 1, partners[i], true, 0);
  }
}

static Error tell(Call *call, const void *input) {
  (void)input;
  Tick *tick = call->input;
  if (tick->signs) give_sign(call, tick);
  for (size_t i = 0; i < tick->count; i++) {
    const PresenceChange *change = &tick->changes[i];
    const Told *told = &tick->told[i];
    // What other processes have committed is known here: of two that he leaves at once, the second one tells.
    if (!change->online && elsewhere_has(change->user_id)) continue;
    last_seen_note(call->db, change->user_id, change->seen_ms, change->online);
    int64_t seen_ms = told->shows_last_seen ? change->seen_ms : 0;
    dialog_tell_status(call, told->partners, told->partner_count, change->user_id, change->online, seen_ms);
    if (tick->shared && change->online && !change->announced) {
      tell_him(call, told->partners, told->partner_count, change);
      tell_him(call, told->others, told->other_count, change);
    }
    if (told->other_count > 0) tell_others(call, told, change->user_id, change->online, seen_ms);
  }
  return ERR_NONE;
}

static void told(Call *call, const void *input) {
  const Tick *tick = input;
  presence_settle();
  if (tick->signs) elsewhere_told(&tick->sign, call->now_ms);
}

static const Method tell_method = {.name = "presence.tick", .input_bytes = sizeof(Tick), .run = tell, .answer = told};

static void find_partners(Call *call, Tick *tick, size_t nth) {
  const PresenceChange *change = &tick->changes[nth];
  Told *told = &tick->told[nth];
  int64_t *partners = ARENA_ARRAY(&call->arena, int64_t, PARTNERS_PAGE);
  size_t count = dialog_partners(call->db, change->user_id, change->after, partners, PARTNERS_PAGE);
  if (count == PARTNERS_PAGE) presence_told_until(nth, partners[count - 1]);
  int64_t *others = ARENA_ARRAY(&call->arena, int64_t, tick->shared ? count : 0);
  for (size_t i = 0; i < count; i++) {
    if (hears(call, partners[i], change->user_id)) {
      partners[told->partner_count++] = partners[i];
    } else if (tick->shared) {
      others[told->other_count++] = partners[i];
    }
  }
  told->partners = partners;
  told->others = others;
  told->shows_last_seen = last_seen_is_shown(call->db, change->user_id);
}

static void look_elsewhere(Call *call, Tick *tick) {
  enum { SILENT_MS = ELSEWHERE_BEAT_MS * ELSEWHERE_SILENT_BEATS };
  int64_t left[PRESENCE_BATCH];
  size_t count = elsewhere_take_left(left, PRESENCE_BATCH);
  for (size_t i = 0; i < count; i++) presence_left_elsewhere(left[i], call->now_ms - SILENT_MS);
  int64_t *anew = ARENA_ARRAY(&call->arena, int64_t, PRESENCE_ANEW);
  tick->anew_count = presence_take_anew(anew, PRESENCE_ANEW);
  tick->anew = anew;
}

static Error look(Call *call, const void *input) {
  (void)input;
  Tick *tick = ARENA_NEW(&call->arena, Tick);
  tick->shared = db_is_shared(call->db);
  if (tick->shared) look_elsewhere(call, tick);
  tick->count = presence_take(call->now_ms, tick->changes);
  tick->signs = tick->shared && (tick->count > 0 || tick->anew_count > 0 || elsewhere_beat_due(call->now_ms));
  if (tick->count == 0 && !tick->signs) return ERR_NONE;
  for (size_t i = 0; i < tick->count; i++) find_partners(call, tick, i);
  call->input = tick;
  call->follow = &tell_method;
  return ERR_NONE;
}

const Method presence_tick = {.name = "presence.tick", .reads_only = true, .run = look};

// Typing.

typedef struct TypingInput {
  int64_t to;
} TypingInput;

static const Field typing_fields[] = {
    {.name = "to", .kind = FIELD_ID, .offset = offsetof(TypingInput, to), .error = ERR_VALIDATION},
};

static Error tell_typing(Call *call, const void *input) {
  const TypingInput *in = input;
  Text from = {.arena = &call->arena};
  json_open(&from, '{');
  json_put_int(&from, "from", call->who.user_id);
  json_close(&from, '}');
  dialog_tell(call, in->to, typing_event, text_str(&from));
  return ERR_NONE;
}

static const Method tell_typing_method = {
    .name = "presence.typing", .input_bytes = sizeof(TypingInput), .run = tell_typing};

static Error typing(Call *call, const void *input) {
  const TypingInput *in = input;
  int64_t me = call->who.user_id;
  bool hears = dialog_find(call->db, me, in->to) != 0 && !block_stands(call->db, in->to, me) &&
               !block_stands(call->db, me, in->to);
  if (!hears) return ERR_RECEIVER_NOT_FOUND;
  call->follow = &tell_typing_method;
  return ERR_NONE;
}

const Method presence_typing = {.name = "presence.typing",
                                .access = ACCESS_SIGNED_IN,
                                .reads_only = true,
                                .fields = typing_fields,
                                .field_count = 1,
                                .input_bytes = sizeof(TypingInput),
                                .run = typing};

// When one was last seen.

typedef struct ShowInput {
  bool shown;
} ShowInput;

static const Field show_fields[] = {
    {.name = "shown", .kind = FIELD_FLAG, .offset = offsetof(ShowInput, shown), .error = ERR_VALIDATION},
};

static void write_shown(Call *call, bool shown) {
  json_open(&call->reply, '{');
  json_put_bool(&call->reply, "shown", shown);
  json_close(&call->reply, '}');
}

static Error show_setting(Call *call, const void *input) {
  (void)input;
  write_shown(call, last_seen_is_shown(call->db, call->who.user_id));
  return ERR_NONE;
}

const Method presence_last_seen = {
    .name = "presence.last_seen", .access = ACCESS_SIGNED_IN, .reads_only = true, .run = show_setting};

static Error set_shown(Call *call, const void *input) {
  const ShowInput *in = input;
  last_seen_show(call->db, call->who.user_id, in->shown);
  write_shown(call, in->shown);
  return ERR_NONE;
}

const Method presence_show_last_seen = {.name = "presence.show_last_seen",
                                        .access = ACCESS_SIGNED_IN,
                                        .fields = show_fields,
                                        .field_count = 1,
                                        .input_bytes = sizeof(ShowInput),
                                        .run = set_shown};
