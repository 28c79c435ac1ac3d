// Access tokens at the messenger door.
#include "controllers/messenger_token.h"

#include "controllers/token.h"
#include "methods/messenger_session.h"

// Three parts of base64url.
static bool is_jwt(Str token) {
  int dots = 0;
  size_t part = 0;
  for (size_t i = 0; i < token.length; i++) {
    char c = token.at[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!letter && (c != '.' || part == 0)) return false;
    part = letter ? part + 1 : 0;
    dots += !letter;
  }
  return dots == 2 && part > 0;
}

Str messenger_token_bearer(Str authorization) {
  Str scheme = str_cut(&authorization, ' ');
  return str_equal(scheme, STR("Bearer")) && is_jwt(authorization) ? authorization : (Str){0};
}

Error messenger_token_look(Call *call, Str authorization, Str os, Str browser) {
  Str token = messenger_token_bearer(authorization);
  if (token.length == 0 || os.length == 0 || browser.length == 0) return ERR_UNAUTHORIZED;
  token_open_late(call, token, call->config->ws_expired_grace_ms);
  if (call->token_error != ERR_NONE) return call->token_error;
  MessengerHandshake *input = ARENA_NEW(&call->arena, MessengerHandshake);
  *input = (MessengerHandshake){str_copy(&call->arena, os), str_copy(&call->arena, browser)};
  call->input = input;
  call->method = &messenger_identify;
  return ERR_NONE;
}
