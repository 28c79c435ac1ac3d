// People: registering with an authenticator, signing in and out. A candidate (somebody between the QR code and the
// first code) is remembered in memory for five minutes.
#include "methods/user.h"

#include <stddef.h>
#include <string.h>

#include "core/auth.h"
#include "models/candidate.h"
#include "models/mailed_link.h"
#include "models/session.h"
#include "models/user.h"
#include "shared/address.h"
#include "shared/ids.h"

enum {
  MINUTE_MS = 60 * 1000,
  LOGIN_TRIES = 5,
  LOGIN_WINDOW_MS = 15 * MINUTE_MS,
  ADDRESS_TRIES = 20,
  ADDRESS_STARTS = 30,
  ADDRESS_WINDOW_MS = 15 * MINUTE_MS,
};

typedef struct UserInput {
  Str username;
  Str code;
} UserInput;

#define USERNAME_FIELD \
  { .name = "username", .kind = FIELD_ANY_STRING, .offset = offsetof(UserInput, username) }
#define CODE_FIELD \
  { .name = "code", .kind = FIELD_ANY_STRING, .offset = offsetof(UserInput, code) }

static const Field user_fields[] = {USERNAME_FIELD, CODE_FIELD};

// Counts a try of an address; ERR_TOO_MANY_REQUESTS past the limit. Off with RATE_LIMITS=off.
static Error count_address(Call *call, const char *what, int64_t limit) {
  if (!call->config->rate_limits) return ERR_NONE;
  char owner[ADDRESS_BYTES];
  Str key = fast_key(&call->arena, what, address_owner(call->peer, owner));
  int64_t count = call_count(call, key, 1, ADDRESS_WINDOW_MS);
  return count > limit ? ERR_TOO_MANY_REQUESTS : ERR_NONE;
}

static bool code_valid(Str code) {
  int64_t number;
  return code.length == 6 && code.at[0] != '-' && str_to_int(code, &number);
}

static void reply_user(Call *call, Str username) {
  json_open(&call->reply, '{');
  json_name(&call->reply, "status");
  json_add_str(&call->reply, STR("user"));
  json_name(&call->reply, "username");
  json_add_str(&call->reply, username);
  json_close(&call->reply, '}');
}

static void reply_success(Call *call) {
  text_add(&call->reply, STR("{\"success\":true}"));
}

// Who is asking, by the session that the token names.
static Error require_session(Call *call, Identity *who) {
  if (call->token_error != ERR_NONE) return call->token_error;
  return session_find(call->db, &call->arena, call->who.sid, who) ? ERR_NONE : ERR_TOKEN_INVALID;
}

// user.status

static void reply_status(Call *call, Str username, bool staff) {
  json_open(&call->reply, '{');
  json_name(&call->reply, "username");
  json_add_str(&call->reply, username);
  json_name(&call->reply, "status");
  json_add_str(&call->reply, STR("user"));
  json_name(&call->reply, "role");
  json_add_str(&call->reply, staff ? STR("staff") : STR("visitor"));
  json_close(&call->reply, '}');
}

static Error status(Call *call, const void *input) {
  (void)input;
  Identity who;
  if (require_session(call, &who) == ERR_NONE) {
    reply_status(call, who.username, who.staff);
  } else {
    text_add(&call->reply, STR("{\"status\":\"guest\"}"));
  }
  return ERR_NONE;
}

const Method user_status = {.name = "user.status", .reads_only = true, .run = status};

static Error identify(Call *call, const void *input) {
  (void)input;
  Identity who;
  if (require_session(call, &who) != ERR_NONE) return ERR_NONE;
  call->granted = who;
  call->granted.expires_ms = call->who.expires_ms;
  return ERR_NONE;
}

const Method user_identify = {.name = "user.identify", .reads_only = true, .run = identify};

Error user_identify_caller(Call *call) {
  Identity who;
  if (!session_find(call->db, &call->arena, call->who.sid, &who)) return ERR_INVALID_TOKEN;
  who.expires_ms = call->who.expires_ms;
  call->who = who;
  if (call->method->access == ACCESS_STAFF && !who.staff) return ERR_FORBIDDEN;
  session_touch(call);
  return ERR_NONE;
}

// user.auth_start

static Error auth_start(Call *call, const void *input) {
  const UserInput *in = input;
  Error error = count_address(call, "starts", ADDRESS_STARTS);
  if (error != ERR_NONE) return error;
  if (!user_name_valid(in->username)) return ERR_INVALID_USERNAME;
  User user;
  Candidate candidate;
  if (user_find(call->db, &call->arena, in->username, &user)) {
    json_open(&call->reply, '{');
    json_name(&call->reply, "username");
    json_add_str(&call->reply, in->username);
    json_name(&call->reply, "status");
    json_add_str(&call->reply, STR("user"));
    json_close(&call->reply, '}');
    return ERR_NONE;
  }
  if (candidate_find(call, in->username, &candidate)) return ERR_REGISTRATION_IN_PROGRESS;
  candidate_make(call, in->username, false);
  return ERR_NONE;
}

const Method user_auth_start = {.name = "user.auth_start",
                                .fields = user_fields,
                                .field_count = 1,
                                .input_bytes = sizeof(UserInput),
                                .run = auth_start};

// user.auth_reset

static Error auth_reset(Call *call, const void *input) {
  const UserInput *in = input;
  Candidate candidate;
  if (!user_name_valid(in->username)) return ERR_INVALID_USERNAME;
  if (!candidate_find(call, in->username, &candidate)) return ERR_REGISTRATION_NOT_IN_PROGRESS;
  candidate_drop(call, in->username);
  reply_success(call);
  return ERR_NONE;
}

const Method user_auth_reset = {.name = "user.auth_reset",
                                .fields = user_fields,
                                .field_count = 1,
                                .input_bytes = sizeof(UserInput),
                                .run = auth_reset};

// user.register

// Makes the account, or gives a recovered one its new secret; ends what stood before.
static int64_t settle_account(Call *call, Str username, const Candidate *candidate, const User *old, int64_t step) {
  if (old == NULL) {
    Str public_id = ids_public(&call->arena, &call->env);
    return user_add(call->db, public_id, username, candidate->secret, step, call->now_ms);
  }
  user_replace_secret(call->db, old->id, candidate->secret, step, call->now_ms);
  session_end_all(call, old->id);
  mailed_link_drop(call, LINK_CHANGE, old->id);
  return old->id;
}

static Error register_user(Call *call, const void *input) {
  const UserInput *in = input;
  User user;
  Candidate candidate;
  int64_t step;
  Error error = count_address(call, "tries", ADDRESS_TRIES);
  if (error != ERR_NONE) return error;
  if (!user_name_valid(in->username)) return ERR_INVALID_USERNAME;
  bool exists = user_find(call->db, &call->arena, in->username, &user);
  bool begun = candidate_find(call, in->username, &candidate);
  // A candidate goes with the commit: in the same one, a second try finds it used up by the first.
  bool used_up = exists && begun && str_equal(user.totp_secret, candidate.secret);
  bool recovers = exists && begun && candidate.recovers && !used_up && !user.deleted;
  if (exists && !recovers) return ERR_USER_ALREADY_EXISTS;
  if (!code_valid(in->code)) return ERR_INVALID_CODE;
  if (candidate_tries_over(call, in->username)) return ERR_TOO_MANY_VALIDATION_ATTEMPTS;
  if (!begun) return ERR_REGISTRATION_NOT_IN_PROGRESS;
  candidate_count_try(call, in->username);
  if (!auth_totp_matches(candidate.secret, in->code, call->now_ms, &step)) return ERR_INVALID_CODE;
  int64_t user_id = settle_account(call, in->username, &candidate, exists ? &user : NULL, step);
  session_open(call, user_id, "seats");
  reply_user(call, in->username);
  candidate_drop(call, in->username);
  return ERR_NONE;
}

const Method user_register = {.name = "user.register",
                              .fields = user_fields,
                              .field_count = 2,
                              .input_bytes = sizeof(UserInput),
                              .run = register_user};

// user.login

static Error login(Call *call, const void *input) {
  const UserInput *in = input;
  User user;
  int64_t step;
  Error error = count_address(call, "tries", ADDRESS_TRIES);
  if (error != ERR_NONE) return error;
  if (!user_find(call->db, &call->arena, in->username, &user) || user.deleted) return ERR_USER_NOT_FOUND;
  if (!code_valid(in->code)) return ERR_INVALID_CODE;
  Str key = fast_key(&call->arena, "login", in->username);
  if (call_count(call, key, 1, LOGIN_WINDOW_MS) > LOGIN_TRIES) return ERR_TOO_MANY_LOGIN_ATTEMPTS;
  if (!auth_totp_matches(user.totp_secret, in->code, call->now_ms, &step)) return ERR_INVALID_CODE;
  if (!user_use_step(call->db, user.id, step, call->now_ms)) return ERR_INVALID_CODE;
  session_open(call, user.id, "seats");
  reply_user(call, in->username);
  call_forget(call, key);
  return ERR_NONE;
}

const Method user_login = {
    .name = "user.login", .fields = user_fields, .field_count = 2, .input_bytes = sizeof(UserInput), .run = login};

// user.logout

static Error logout(Call *call, const void *input) {
  (void)input;
  Identity who;
  Error error = require_session(call, &who);
  if (error != ERR_NONE) return error;
  session_leave(call, who.user_id, who.sid);
  call->who = who;
  call->session_over = true;
  reply_success(call);
  return ERR_NONE;
}

const Method user_logout = {.name = "user.logout", .run = logout};

// user.save_recovery_phrase

typedef struct PhraseInput {
  Str username;
  Str phrase;
  Str hash;  // between the steps
} PhraseInput;

static const Field save_phrase_fields[] = {
    {.name = "phrase", .kind = FIELD_ANY_STRING, .offset = offsetof(PhraseInput, phrase)},
};

enum { PHRASE_MIN = 12, PHRASE_MAX = 255 };

static Error hash_phrase(Call *call, void *input) {
  PhraseInput *in = input;
  return auth_phrase_hash(&call->arena, &call->env, in->phrase, &in->hash);
}

static Error keep_phrase(Call *call, const void *input) {
  const PhraseInput *in = input;
  Error error = require_session(call, &call->who);  // one that was ended meanwhile leaves no way back in
  if (error != ERR_NONE) return error;
  user_set_phrase(call->db, call->who.user_id, in->hash, call->now_ms);
  candidate_drop(call, user_name_of(call->db, &call->arena, call->who.user_id));  // of who has the old phrase
  reply_success(call);
  return ERR_NONE;
}

static const Method keep_phrase_method = {.name = "user.save_recovery_phrase",
                                          .input_bytes = sizeof(PhraseInput),
                                          .prepare = hash_phrase,
                                          .run = keep_phrase};

static Error save_recovery_phrase(Call *call, const void *input) {
  (void)input;
  PhraseInput *in = call->input;
  Error error = require_session(call, &call->who);
  if (error != ERR_NONE) return error;
  in->phrase = str_trim(in->phrase);
  size_t length = str_code_points(in->phrase);
  if (length < PHRASE_MIN || length > PHRASE_MAX) return ERR_INVALID_RECOVERY_PHRASE;
  call->follow = &keep_phrase_method;
  return ERR_NONE;
}

const Method user_save_recovery_phrase = {.name = "user.save_recovery_phrase",
                                          .reads_only = true,
                                          .fields = save_phrase_fields,
                                          .field_count = 1,
                                          .input_bytes = sizeof(PhraseInput),
                                          .run = save_recovery_phrase};

// user.recovery_phrase

static const Field recover_fields[] = {
    {.name = "username", .kind = FIELD_ANY_STRING, .offset = offsetof(PhraseInput, username)},
    {.name = "phrase", .kind = FIELD_ANY_STRING, .offset = offsetof(PhraseInput, phrase)},
};

// A hash that no phrase has: an unknown user costs as long as a known one.
static Str nobodys_hash(Arena *arena) {
  enum { DIGITS = 2 * (32 + 64) };
  char *hash = arena_alloc(arena, DIGITS + 1);
  memset(hash, '0', DIGITS + 1);
  hash[2 * 32] = ':';
  return (Str){hash, DIGITS + 1};
}

static Error check_phrase(Call *call, void *input) {
  PhraseInput *in = input;
  Str hash = in->hash.length > 0 ? in->hash : nobodys_hash(&call->arena);
  bool right = auth_phrase_matches(&call->arena, hash, in->phrase);
  return right && in->hash.length > 0 ? ERR_NONE : ERR_INVALID_RECOVERY_PHRASE;
}

static Error make_recovery(Call *call, const void *input) {
  const PhraseInput *in = input;
  User user;
  bool stands = user_find(call->db, &call->arena, in->username, &user) && !user.deleted &&
                str_equal(user.recovery_phrase, in->hash);  // another was set, or this one used up, meanwhile
  if (!stands) return ERR_INVALID_RECOVERY_PHRASE;
  candidate_make(call, in->username, true);
  return ERR_NONE;
}

static const Method recover_method = {
    .name = "user.recovery_phrase", .input_bytes = sizeof(PhraseInput), .prepare = check_phrase, .run = make_recovery};

static Error recovery_phrase(Call *call, const void *input) {
  (void)input;
  PhraseInput *in = call->input;
  User user;
  Error error = count_address(call, "tries", ADDRESS_TRIES);
  if (error != ERR_NONE) return error;
  if (!user_name_valid(in->username)) return ERR_INVALID_RECOVERY_PHRASE;
  Str key = fast_key(&call->arena, "phrase", in->username);
  if (call_count(call, key, 1, LOGIN_WINDOW_MS) > LOGIN_TRIES) return ERR_TOO_MANY_LOGIN_ATTEMPTS;
  if (user_find(call->db, &call->arena, in->username, &user) && !user.deleted) in->hash = user.recovery_phrase;
  in->phrase = str_trim(in->phrase);
  call->follow = &recover_method;
  return ERR_NONE;
}

const Method user_recovery_phrase = {.name = "user.recovery_phrase",
                                     .reads_only = true,
                                     .fields = recover_fields,
                                     .field_count = 2,
                                     .input_bytes = sizeof(PhraseInput),
                                     .run = recovery_phrase};
