// Presence. Partners are read on a reader, a page of them at a time; telling them and noting when people were seen is
// the writer's, one call for many people.
#include "methods/presence.h"

#include <stddef.h>

#include "models/block.h"
#include "models/dialog.h"
#include "models/last_seen.h"
#include "models/presence.h"

enum { PARTNERS_PAGE = 256 };

static const char typing_event[] = "user:typing";

// The tick.

typedef struct Told {
  const int64_t *partners;  // who are online
  size_t partner_count;
  bool shows_last_seen;
} Told;

typedef struct Tick {
  PresenceChange changes[PRESENCE_BATCH];
  Told told[PRESENCE_BATCH];
  size_t count;
} Tick;

static Error tell(Call *call, const void *input) {
  const Tick *tick = input;
  for (size_t i = 0; i < tick->count; i++) {
    const PresenceChange *change = &tick->changes[i];
    const Told *told = &tick->told[i];
    last_seen_note(call->db, change->user_id, change->seen_ms, change->online);
    int64_t seen_ms = told->shows_last_seen ? change->seen_ms : 0;
    dialog_tell_status(call, told->partners, told->partner_count, change->user_id, change->online, seen_ms);
  }
  return ERR_NONE;
}

static void told(Call *call, const void *input) {
  (void)call, (void)input;
  presence_settle();
}

static const Method tell_method = {.name = "presence.tick", .input_bytes = sizeof(Tick), .run = tell, .answer = told};

static void find_partners(Call *call, Tick *tick, size_t nth) {
  const PresenceChange *change = &tick->changes[nth];
  Told *told = &tick->told[nth];
  int64_t *partners = ARENA_ARRAY(&call->arena, int64_t, PARTNERS_PAGE);
  size_t count = dialog_partners(call->db, change->user_id, change->after, partners, PARTNERS_PAGE);
  if (count == PARTNERS_PAGE) presence_told_until(nth, partners[count - 1]);
  for (size_t i = 0; i < count; i++) {
    bool hears = presence_is_online(partners[i]) && !block_stands(call->db, change->user_id, partners[i]);
    if (hears) partners[told->partner_count++] = partners[i];
  }
  told->partners = partners;
  told->shows_last_seen = last_seen_is_shown(call->db, change->user_id);
}

static Error look(Call *call, const void *input) {
  (void)input;
  Tick *tick = ARENA_NEW(&call->arena, Tick);
  tick->count = presence_take(call->now_ms, tick->changes);
  if (tick->count == 0) return ERR_NONE;
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
