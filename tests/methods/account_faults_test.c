// The methods of accounts, swept with faults.
#include <string.h>

#include "methods/account.h"
#include "models/session.h"
#include "support/fault_sweep.h"

// Bert in his session, which furnish() opens.
static Identity bert;
static Arena texts_of_bert;

// In the JSON, OTP is the code that was mailed last, TOKEN the refresh token of the session.
#define SIGN_UP \
  { .method = &account_signup, .json = "{\"email\":\"carl@example.com\",\"password\":\"a good password\"}" }
#define ADD_EMAIL \
  { .method = &account_add_email, .who = &bert, .json = "{\"email\":\"bert@example.com\"}" }

// Bert has a session and no e-mail; anna signs in with a password, whose hash is an imported one and is replaced.
static const FaultScene scenes[] = {
    {.call = SIGN_UP},
    {.before = {SIGN_UP},
     .call = {.method = &account_verify_otp, .json = "{\"email\":\"carl@example.com\",\"otp\":\"OTP\"}"}},
    {.call = {.method = &account_login,
              .json = "{\"email\":\"anna@example.com\",\"password\":\"correct horse battery\"}"}},
    {.call = {.method = &account_refresh, .json = "{\"refreshToken\":\"TOKEN\"}"}},
    {.call = {.method = &account_logout, .who = &bert}},
    {.call = ADD_EMAIL},
    {.before = {ADD_EMAIL}, .call = {.method = &account_verify_email, .who = &bert, .json = "{\"otp\":\"OTP\"}"}},
    {.call = {.method = &account_change, .who = &bert, .json = "{\"name\":\"Bert\",\"language\":\"ru\"}"}},
    {.call = {.method = &account_end_session, .who = &bert, .json = "{\"id\":\"other\"}"}},
    {.call = {.method = &account_end_sessions, .who = &bert}},
};

static const char *const people[] = {
    "UPDATE users SET email = 'anna@example.com', email_confirmed_at = 1, password_hash ="
    " '$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS' WHERE id = 1",
    "UPDATE users SET public_id = printf('%024x', id)",
    "INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at) VALUES"
    " ('other', 2, 'seats', '', '', 0, 0)",
};

static const char everything[] =
    "SELECT (SELECT group_concat(id || coalesce(email, '') || coalesce(password_hash, '') || coalesce(name, '') ||"
    " language || coalesce(email_confirmed_at, 0)) FROM users) || '|' ||"
    " (SELECT group_concat(id || user_id || ',' || coalesce(ended_at, 0) || coalesce(refresh_hash, '') ||"
    " coalesce(superseded_hash, '')) FROM sessions) || '|' ||"
    " coalesce((SELECT group_concat(email || code_hash || tries) FROM signups), '') || '|' ||"
    " coalesce((SELECT group_concat(key || payload) FROM outbox), '')";

static Error open_session(Call *call, const void *input) {
  (void)input;
  session_open_refreshed(call, venue_bert.user_id, "tickets");
  bert = identity_copy(&texts_of_bert, &call->granted);
  return ERR_NONE;
}

static void furnish(Rig *rig) {
  static const Method sign_in = {.name = "test.sign_in", .run = open_session};
  for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) rig_run(rig, people[i]);
  fault_sweep_ask(&(FaultStep){.method = &sign_in}, (Str){0});
}

static Str fill_in(Rig *rig, const char *json) {
  static const char CODE[] = SQL_FORMS(
      "SELECT coalesce((SELECT json_extract(payload, '$.args.code') FROM outbox ORDER BY id DESC LIMIT 1), '')",
      "SELECT coalesce((SELECT payload::JSONB #>> '{args,code}' FROM outbox ORDER BY id DESC LIMIT 1), '')");
  Str token = session_refresh_token(&rig->arena, &rig->config, bert.public_id, bert.sid, bert.refreshed_ms);
  if (strstr(json, "TOKEN") != NULL) return fault_sweep_put(json, "TOKEN", token);
  return fault_sweep_put(json, "OTP", str_from(rig_text(rig, CODE)));
}

static const FaultSweep sweep = {
    .scenes = scenes,
    .scene_count = sizeof scenes / sizeof scenes[0],
    .everything = everything,
    .config = {.rate_limits = true,
               .otp_ms = 5 * RIG_MINUTE_MS,
               .company_name = {"foyer", 5},
               .jwt_secret = {"jwt secret", 10},
               .cookie_secret = {"cookie secret", 13}},
    .furnish = furnish,
    .fill_in = fill_in,
};

int main(void) {
  int failed = fault_sweep_run(&sweep);
  arena_free(&texts_of_bert);
  return failed;
}
