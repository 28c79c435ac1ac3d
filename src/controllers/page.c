// The page, embedded and compressed, and the plans of halls, which never change under their address.
#include "controllers/page.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "controllers/loop_state.h"
#include "controllers/origin.h"
#include "controllers/page_assets.h"
#include "core/call.h"
#include "core/config.h"
#include "core/store.h"
#include "methods/hall.h"

enum { GZIP_WINDOW_BITS = 15 + 16, HASH_DIGITS = 16 };

static const char security_headers[] =
    "X-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\nX-Frame-Options: SAMEORIGIN\r\n";

// Pictures of concerts may stand anywhere; nothing else comes from elsewhere.
static const char own_policy[] =
    "Content-Security-Policy: default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:;"
    " connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'; frame-ancestors 'self'\r\n";

// Where payments go through Stripe, its form is a script and frames of its own (docs.stripe.com/security/guide).
static const char stripe_policy[] =
    "Content-Security-Policy: default-src 'self'; script-src 'self' https://js.stripe.com https://*.js.stripe.com;"
    " frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com;"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data: https:;"
    " connect-src 'self' ws: wss: https://api.stripe.com; object-src 'none'; base-uri 'self';"
    " frame-ancestors 'self'\r\n";

// Every answer says whose pages may read it.
static Text headers_for(Arena *arena, const Exchange *exchange) {
  Text headers = {.arena = arena};
  origin_add_seats_headers(&headers, exchange->conn->loop->config, exchange->request);
  return headers;
}

static const PageAsset *find_asset(Str path) {
  for (size_t i = 0; i < page_asset_count; i++) {
    if (str_equal(path, str_from(page_assets[i].path))) return &page_assets[i];
  }
  return NULL;
}

// The few clients that read no gzip get the file inflated, once a request.
static Buf *inflate_asset(const PageAsset *asset) {
  Buf *buf = buf_new(asset->plain_bytes);
  z_stream stream = {.avail_in = (uInt)asset->gzip_bytes, .avail_out = (uInt)asset->plain_bytes};
  if (buf == NULL || inflateInit2(&stream, GZIP_WINDOW_BITS) != Z_OK) {
    buf_unref(buf);
    return NULL;
  }
  memcpy(&stream.next_in, &asset->gzip, sizeof asset->gzip);  // zlib's next_in is not const here, though it only reads
  stream.next_out = (Bytef *)buf_bytes(buf);
  inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  return buf;
}

// Whether a list of entity tags names this one, weak or not (RFC 9110 13.1.2).
static bool names_etag(Str list, Str etag) {
  while (list.length > 0) {
    Str item = str_trim(str_cut(&list, ','));
    if (str_starts(item, STR("W/"))) item = (Str){item.at + 2, item.length - 2};
    if (str_equal(item, etag) || str_equal(item, STR("*"))) return true;
  }
  return false;
}

static void respond_asset(Exchange *exchange, const PageAsset *asset) {
  bool gzip = http_accepts_gzip(exchange->request);
  Text headers = headers_for(exchange->arena, exchange);
  bool stripe = exchange->conn->loop->config->stripe_secret_key.length > 0;
  text_add(&headers, str_from(security_headers));
  text_add(&headers, str_from(stripe ? stripe_policy : own_policy));
  text_format(&headers, "ETag: W/%s\r\nVary: Accept-Encoding, Origin\r\nCache-Control: %s\r\n", asset->etag,
              asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (names_etag(http_header(exchange->request, "If-None-Match"), str_from(asset->etag))) {
    exchange_respond(exchange->conn, 304, (Str){0}, (Str){0}, text_str(&headers));
    return;
  }
  if (gzip) text_add(&headers, STR("Content-Encoding: gzip\r\n"));
  Buf *body = gzip ? buf_static((Str){(const char *)asset->gzip, asset->gzip_bytes}) : inflate_asset(asset);
  exchange_respond_buf(exchange->conn, 200, str_from(asset->content_type), body, text_str(&headers));
}

static bool is_get(const Exchange *exchange) {
  return exchange->request->method == HTTP_GET || exchange->request->method == HTTP_HEAD;
}

static void not_found(Conn *conn, Str headers) {
  exchange_respond(conn, 404, STR("application/json; charset=utf-8"), STR("{\"error\":\"NotFound\"}"), headers);
}

void page_request(Exchange *exchange) {
  Str path = exchange->request->path;
  if (!is_get(exchange)) {
    Text headers = headers_for(exchange->arena, exchange);
    text_add(&headers, STR("Allow: GET, HEAD\r\n"));
    exchange_respond(exchange->conn, 405, STR("text/plain"), STR("Method not allowed"), text_str(&headers));
    return;
  }
  const PageAsset *asset = find_asset(path);
  bool is_file = memchr(path.at, '.', path.length) != NULL || str_starts(path, STR("/assets/"));
  if (asset == NULL && !is_file) asset = find_asset(STR("/index.html"));
  if (asset == NULL) {
    Text headers = headers_for(exchange->arena, exchange);
    not_found(exchange->conn, text_str(&headers));
  } else {
    respond_asset(exchange, asset);
  }
}

// Plans.

typedef struct PlanAnswer {
  int64_t hall_id;
  char hash[16];
  bool gzip;  // the client reads it
  Text headers;
} PlanAnswer;

static KeptPlan *slot_of(const Loop *loop, int64_t hall_id) {
  return &loop_state(loop)->plans[(uint64_t)hall_id % PLANS_KEPT];
}

static Str compress_text(Arena *arena, Str plain) {
  z_stream stream = {.avail_in = (uInt)plain.length};
  if (deflateInit2(&stream, 6, Z_DEFLATED, GZIP_WINDOW_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) return (Str){0};
  uLong bound = deflateBound(&stream, plain.length);
  char *out = arena_alloc(arena, bound);
  memcpy(&stream.next_in, &plain.at, sizeof plain.at);
  stream.next_out = (Bytef *)out;
  stream.avail_out = (uInt)bound;
  int result = deflate(&stream, Z_FINISH);
  size_t length = stream.total_out;
  deflateEnd(&stream);
  return result == Z_STREAM_END ? (Str){out, length} : (Str){0};
}

// The plan, compressed: on the reader's thread, not on the loop's.
static Error run_plan(Call *call, const void *input) {
  Error error = hall_get_plan.run(call, input);
  if (error != ERR_NONE) return error;
  Str gzip = compress_text(&call->arena, text_str(&call->reply));
  call->reply.length = 0;
  text_add(&call->reply, gzip);
  return gzip.length > 0 ? ERR_NONE : ERR_INTERNAL;
}

static const Method compressed_plan = {.name = "hall.plan", .reads_only = true, .run = run_plan};

static const char plan_headers[] =
    "X-Content-Type-Options: nosniff\r\nVary: Accept-Encoding, Origin\r\n"
    "Cache-Control: public, max-age=31536000, immutable\r\n";

static void respond_gzip(Conn *conn, Buf *gzip, Text *headers) {
  text_add(headers, str_from(plan_headers));
  text_add(headers, STR("Content-Encoding: gzip\r\n"));
  exchange_respond_buf(conn, 200, STR("application/json; charset=utf-8"), buf_ref(gzip), text_str(headers));
}

static void plan_done(Loop *loop, Call *call) {
  PlanAnswer *answer = call->door;
  Conn *conn = conn_find(loop, call->conn);
  if (conn == NULL) return;
  Str headers = text_str(&answer->headers);
  if (call->error != ERR_NONE) {
    call->error == ERR_INTERNAL ? exchange_respond(conn, 500, (Str){0}, (Str){0}, headers) : not_found(conn, headers);
    return;
  }
  if (!answer->gzip) {
    text_add(&answer->headers, str_from(plan_headers));
    exchange_respond(conn, 200, STR("application/json; charset=utf-8"), text_str(&call->reply),
                     text_str(&answer->headers));
    return;
  }
  KeptPlan *slot = slot_of(loop, answer->hall_id);
  buf_unref(slot->gzip);
  *slot = (KeptPlan){.hall_id = answer->hall_id, .gzip = buf_from(text_str(&call->reply))};
  memcpy(slot->hash, answer->hash, sizeof slot->hash);
  if (slot->gzip != NULL) {
    respond_gzip(conn, slot->gzip, &answer->headers);
  } else {
    conn_kill(conn);
  }
}

static void start_plan(Exchange *exchange, int64_t hall_id, Str hash) {
  Conn *conn = exchange->conn;
  Call *call = call_new(conn->loop, conn);
  if (call == NULL) {
    conn_kill(conn);
    return;
  }
  PlanAnswer *answer = ARENA_NEW(&call->arena, PlanAnswer);
  *answer = (PlanAnswer){
      .hall_id = hall_id, .gzip = http_accepts_gzip(exchange->request), .headers = headers_for(&call->arena, exchange)};
  memcpy(answer->hash, hash.at, sizeof answer->hash);
  Text input = {.arena = &call->arena};
  text_format(&input, "{\"hall_id\":%lld,\"hash\":\"%.*s\"}", (long long)hall_id, STR_ARG(hash));
  call->method = &hall_get_plan;
  if (call_decode(call, json_parse(&call->arena, text_str(&input), NULL)) != ERR_NONE) {
    not_found(conn, text_str(&answer->headers));
    call_free(call);
    return;
  }
  if (answer->gzip) call->method = &compressed_plan;
  call->door = answer;
  call->done = plan_done;
  store_submit(conn->loop, call);
}

void page_plan_request(Exchange *exchange) {
  Str rest = exchange->request->path;
  int64_t hall_id;
  str_cut(&rest, '/');
  str_cut(&rest, '/');
  Str number = str_cut(&rest, '/');
  Text headers = headers_for(exchange->arena, exchange);
  bool hex = rest.length == HASH_DIGITS;
  for (size_t i = 0; i < rest.length; i++) hex = hex && memchr("0123456789abcdef", rest.at[i], 16) != NULL;
  if (!is_get(exchange) || !str_to_int(number, &hall_id) || hall_id < 1 || !hex) {
    not_found(exchange->conn, text_str(&headers));
    return;
  }
  const KeptPlan *slot = slot_of(exchange->conn->loop, hall_id);
  bool is_kept = slot->gzip != NULL && slot->hall_id == hall_id && memcmp(slot->hash, rest.at, rest.length) == 0;
  if (is_kept && http_accepts_gzip(exchange->request)) {
    respond_gzip(exchange->conn, slot->gzip, &headers);
  } else {
    start_plan(exchange, hall_id, rest);
  }
}
