// How the server is.
#include "controllers/health.h"

#include "controllers/loop_state.h"
#include "controllers/origin.h"
#include "core/outbox.h"
#include "core/store.h"
#include "models/waiting_room.h"

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
  if (loop->draining) {
    respond_json(exchange, 503, STR("{\"status\":\"draining\"}"));
  } else if (!topics_loaded(loop_state(loop)->topics)) {
    respond_json(exchange, 503, STR("{\"status\":\"starting\"}"));
  } else if (!store_healthy(loop->store)) {
    respond_json(exchange, 503, STR("{\"status\":\"unavailable\"}"));
  } else {
    respond_json(exchange, 200, STR("{\"status\":\"ready\"}"));
  }
}

static void add_figure(Text *body, const Outbox *outbox, const char *name, const char *type,
                       double (*value)(const OutboxFigures *figures)) {
  OutboxFigures figures;
  text_format(body, "# TYPE foyer_outbox_%s %s\n", name, type);
  for (int i = 0; outbox_figures(outbox, i, &figures); i++) {
    text_format(body, "foyer_outbox_%s{kind=\"%s\"} ", name, figures.kind);
    text_double(body, value(&figures));
    text_char(body, '\n');
  }
}

static double pending(const OutboxFigures *figures) {
  return (double)figures->pending;
}

static double oldest_seconds(const OutboxFigures *figures) {
  return (double)figures->oldest_ms / 1000;
}

static double performed(const OutboxFigures *figures) {
  return (double)figures->performed;
}

static double failed(const OutboxFigures *figures) {
  return (double)figures->failed;
}

static double given_up(const OutboxFigures *figures) {
  return (double)figures->given_up;
}

static void add_outbox(Text *body, const Outbox *outbox) {
  add_figure(body, outbox, "pending", "gauge", pending);
  add_figure(body, outbox, "oldest_seconds", "gauge", oldest_seconds);
  add_figure(body, outbox, "performed_total", "counter", performed);
  add_figure(body, outbox, "failed_total", "counter", failed);
  add_figure(body, outbox, "given_up_total", "counter", given_up);
}

static void respond_metrics(Exchange *exchange) {
  StoreFigures store = store_figures(exchange->conn->loop->store);
  Text body = {.arena = exchange->arena};
  text_format(&body, "# TYPE foyer_store_commits_total counter\nfoyer_store_commits_total %llu\n",
              (unsigned long long)store.commits);
  text_format(&body, "# TYPE foyer_store_calls_total counter\nfoyer_store_calls_total %llu\n",
              (unsigned long long)store.calls);
  text_format(&body, "# TYPE foyer_store_failed_commits_total counter\nfoyer_store_failed_commits_total %llu\n",
              (unsigned long long)store.failed_commits);
  text_format(&body, "# TYPE foyer_store_refused_total counter\nfoyer_store_refused_total %llu\n",
              (unsigned long long)store.refused);
  waiting_room_write_metrics(&body);
  add_outbox(&body, exchange->conn->loop->outbox);
  respond(exchange, 200, STR("text/plain; version=0.0.4"), text_str(&body));
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
