// Candidates: registrations between the QR code and the first code.
#include "models/candidate.h"

#include "core/auth.h"
#include "shared/ids.h"

enum { CANDIDATE_MS = 5 * 60 * 1000, TRIES = 3 };

bool candidate_find(Call *call, Str username, Candidate *candidate) {
  Str value;
  if (!fast_get(call->fast, fast_key(&call->arena, "candidate", username), call->now_ms, &call->arena, &value))
    return false;
  *candidate = (Candidate){.secret = {value.at + 1, value.length - 1}, .recovers = value.at[0] == 'R'};
  return true;
}

Str candidate_address(Arena *arena, Str username, Str secret) {
  Text address = {.arena = arena};
  text_format(&address, "otpauth://totp/SeatsSync%%20%.*s?secret=", STR_ARG(username));
  text_add(&address, ids_base32(arena, secret.at, secret.length));
  return text_str(&address);
}

void candidate_make(Call *call, Str username, bool recovers) {
  Str secret = ids_random(&call->arena, &call->env, AUTH_TOTP_SECRET_BYTES);
  Text value = {.arena = &call->arena};
  text_char(&value, recovers ? 'R' : 'N');
  text_add(&value, secret);
  call_remember(call, fast_key(&call->arena, "candidate", username), text_str(&value), CANDIDATE_MS);
  json_open(&call->reply, '{');
  json_name(&call->reply, "qr_url");
  json_add_str(&call->reply, candidate_address(&call->arena, username, secret));
  json_name(&call->reply, "username");
  json_add_str(&call->reply, username);
  json_name(&call->reply, "status");
  json_add_str(&call->reply, STR("candidate"));
  json_close(&call->reply, '}');
}

void candidate_drop(Call *call, Str username) {
  call_forget(call, fast_key(&call->arena, "candidate", username));
  call_forget(call, fast_key(&call->arena, "register", username));
}

bool candidate_tries_over(Call *call, Str username) {
  return call_count(call, fast_key(&call->arena, "register", username), 0, CANDIDATE_MS) >= TRIES;
}

void candidate_count_try(Call *call, Str username) {
  call_count(call, fast_key(&call->arena, "register", username), 1, CANDIDATE_MS);
}
