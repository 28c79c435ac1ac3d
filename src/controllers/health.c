// How the server is.
#include "controllers/health.h"

#include "controllers/loop_state.h"
#include "controllers/metrics.h"
#include "controllers/origin.h"
#include "core/store.h"

static void respond(Exchange *exchange, int status, Str type, Str body) {
  Text headers = {.arena = exchange->arena};
  origin_add_seats_headers(&headers, exchange->conn->loop->config, exchange->request);
  if (status == 503) text_add(&headers, STR("Retry-After: 1\r\n"));
  exchange_respond(exchange->conn, status, type, body, text_str(&headers));
}

static void respond_json(Exchange *exchange, int status, Str body) {
  respond(exchange, status, STR("application/json; charset=utf-8"), body);
}

static void respond_ready(Exchange *exchange) {
  const Loop *loop = exchange->conn->loop;
  LoopState *state = loop_state(loop);
  state->started = state->started || topics_loaded(state->topics);
  if (loop->draining || loop->leaving) {
    respond_json(exchange, 503, STR("{\"status\":\"draining\"}"));
  } else if (!state->started) {
    respond_json(exchange, 503, STR("{\"status\":\"starting\"}"));
  } else if (!store_healthy(loop->store)) {
    respond_json(exchange, 503, STR("{\"status\":\"unavailable\"}"));
  } else {
    respond_json(exchange, 200, STR("{\"status\":\"ready\"}"));
  }
}

static void respond_metrics(Exchange *exchange) {
  Text body = {.arena = exchange->arena};
  metrics_write(&body, exchange->conn->loop);
  respond(exchange, 200, STR("text/plain; version=0.0.4; charset=utf-8"), text_str(&body));
}

bool health_request(Exchange *exchange) {
  Str path = exchange->request->path;
  if (exchange->request->method != HTTP_GET && exchange->request->method != HTTP_HEAD) return false;
  if (str_equal(path, STR("/livez"))) {
    respond_json(exchange, 200, STR("{\"status\":\"ok\"}"));
  } else if (str_equal(path, STR("/readyz"))) {
    respond_ready(exchange);
  } else if (str_equal(path, STR("/metrics"))) {
    respond_metrics(exchange);
  } else {
    return false;
  }
  return true;
}
