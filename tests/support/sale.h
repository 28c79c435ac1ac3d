// Two concerts in the small venue: one without numbers, one in its hall, with people who may buy; and a payment
// provider that the test holds, in place of the couriers.
#ifndef FOYER_TESTS_SUPPORT_SALE_H
#define FOYER_TESTS_SUPPORT_SALE_H

#include "support/venue.h"

#define SALE_GOLD "c00000000000000000000001"      // 4 tickets at 1000.00
#define SALE_SILVER "c00000000000000000000002"    // 100 tickets at 500.50
#define SALE_STANDARD "c00000000000000000000003"  // seats 1 to 4 of the hall
#define SALE_VIP "c00000000000000000000004"       // seats 5 and 6
#define SALE_HALL_CONCERT "aa0000000000000000000002"

int sale_setup(void **state);

// Calls as the tickets door does: a call that waits is run again when the provider has answered. While the provider is
// down the answer is ERR_PROVIDER_UNAVAILABLE.
Answer sale_call(Rig *rig, const Method *method, const Identity *who, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
// The id of the booking that the answer shows; asserts that there is one.
const char *sale_booking(Rig *rig, const Identity *who, const char *json);
// A booking of two gold tickets with its intent asked for; gives its id.
const char *sale_pay_begin(Rig *rig, const Identity *who);
const char *sale_field(Rig *rig, const Answer *answer, const char *name);  // a text of the reply; "" when there is none

// The provider.
typedef struct Provider {
  bool down;                 // nobody answers
  const char *refuses;       // the making of intents, in these words
  const char *refund_state;  // of every refund; NULL: it is done
  int made;
  int refunds;
  int cancels;
} Provider;
extern Provider sale_provider;
void sale_intent_is(Rig *rig, const char *status);  // the intent made last now has that status
void sale_intent_costs(Rig *rig, int64_t amount);
bool sale_errand(Rig *rig);           // one question is answered; false: there was none that is due
void sale_errands(Rig *rig);          // all are
void sale_errand_fails(Rig *rig);     // what is asked was tried and not answered
void sale_errand_given_up(Rig *rig);  // for the last time
// The provider tells of the intent made last, signed.
Answer sale_webhook(Rig *rig, const char *event_id, const char *type);
Answer sale_webhook_raw(Rig *rig, const char *signature, const char *body);
const char *sale_signature(Rig *rig, int64_t at_s, const char *body);

void sale_sweep(Rig *rig);
// "status paymentStatus" of the booking made last.
const char *sale_state(Rig *rig);

// What tests ask often.
int64_t sale_gold_left(Rig *rig);
int64_t sale_mails(Rig *rig, const char *name);  // "confirmed", "refunded"
Answer sale_confirm(Rig *rig, const Identity *who, const char *id);
Answer sale_create_intent(Rig *rig, const Identity *who, const char *id);
void sale_past_expiry(Rig *rig);

#endif
