// The end of telling an endpoint: one that took nothing for three days, or wants no more, is told nothing more.
#include "methods/webhook.h"

#include <stddef.h>

#include "core/log.h"
#include "models/webhook.h"

#define THREE_DAYS_MS (INT64_C(3) * 24 * 3600 * 1000)  // as long as one message is tried (registry.c)

typedef struct SettleInput {
  int64_t webhook_id;
  bool accepted;
  bool gone;
} SettleInput;

static const Field settle_fields[] = {
    {.name = "webhook_id", .kind = FIELD_ID, .offset = offsetof(SettleInput, webhook_id), .error = ERR_INTERNAL},
    {.name = "accepted", .kind = FIELD_FLAG, .offset = offsetof(SettleInput, accepted), .error = ERR_INTERNAL},
    {.name = "gone", .kind = FIELD_FLAG, .offset = offsetof(SettleInput, gone), .error = ERR_INTERNAL},
};

static Error settle(Call *call, const void *input) {
  const SettleInput *in = input;
  if (in->accepted) return ERR_NONE;
  if (!in->gone && webhook_takes(call->db, in->webhook_id, call->now_ms - THREE_DAYS_MS)) {
    log_warn("webhook: an endpoint could not be told one thing, and takes others", "id=%lld",
             (long long)in->webhook_id);
    return ERR_NONE;
  }
  log_warn("webhook: an endpoint is disabled", "id=%lld reason=%s", (long long)in->webhook_id,
           in->gone ? "gone" : "unreachable for three days");
  webhook_disable(call->db, in->webhook_id, call->now_ms);
  return ERR_NONE;
}

const Method webhook_settle = {.name = "webhook.settle",
                               .fields = settle_fields,
                               .field_count = 3,
                               .input_bytes = sizeof(SettleInput),
                               .run = settle};
