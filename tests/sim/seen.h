// The rare things that a run of many seeds must have seen: one that it never saw was not tested.
#ifndef FOYER_TESTS_SIM_SEEN_H
#define FOYER_TESTS_SIM_SEEN_H

#define SEEN_TABLE(X)                                                           \
  X(COMMITS, "a commit")                                                        \
  X(CRASH, "a crash")                                                           \
  X(CRASH_IN_BATCH, "a crash before a commit")                                  \
  X(CRASH_AFTER_COMMIT, "a crash after a commit, before its answers")           \
  X(CRASH_AFTER_CHARGE, "a crash between a charge and the commit that says so") \
  X(POWER_CUT, "a power cut")                                                   \
  X(DISK_FAILED, "a write that failed")                                         \
  X(CLOCK_JUMP, "a clock that jumped")                                          \
  X(LOST_ANSWER, "an answer that a buyer never heard")                          \
  X(KEY_REPEATED, "a request sent again with its key and answered as before")   \
  X(DRAWN, "a place drawn by lot")                                              \
  X(ADMITTED, "somebody admitted from the line")                                \
  X(SLOT_ENDED, "a slot that ended unused")                                     \
  X(LEFT, "somebody who left the line")                                         \
  X(SOLD_OUT, "a booking refused, sold out")                                    \
  X(SEATS_TAKEN, "a seat that another was faster to take")                      \
  X(BEST_SEATS, "best seats found")                                             \
  X(BOOKED, "a booking")                                                        \
  X(EXPIRED, "a booking that expired")                                          \
  X(CANCELLED, "a booking that its buyer cancelled")                            \
  X(CONFIRMED, "a booking confirmed")                                           \
  X(DOUBLE_CONFIRM, "a confirmed booking confirmed once more")                  \
  X(CANCEL_TOO_LATE, "a cancellation refused because the money had come")       \
  X(DECLINED, "a payment declined")                                             \
  X(DECLINED_THEN_PAID, "a payment that succeeded after a decline")             \
  X(PROCESSING_PAID, "a payment that hung and then succeeded")                  \
  X(PROCESSING_FAILED, "a payment that hung and then failed")                   \
  X(PAID_LATE, "a payment after its hold had ended")                            \
  X(LATE_CONFIRMED, "a late payment that got its seats")                        \
  X(LATE_OTHER, "a late payment that got other seats")                          \
  X(LATE_REFUNDED, "a late payment that was refunded")                          \
  X(REFUND_RETRIED, "a refund that failed at first")                            \
  X(REFUND_UNDONE, "a refund that failed after it was made")                    \
  X(REFUND_REDONE, "a refund made anew after such a failure")                   \
  X(WEBHOOK, "a webhook taken")                                                 \
  X(WEBHOOK_FIRST, "a webhook before the answer to what brought it about")      \
  X(WEBHOOK_TWICE, "a webhook that came twice")                                 \
  X(WEBHOOK_FORGED, "a forged webhook refused")                                 \
  X(WEBHOOK_STALE, "a stale webhook refused")                                   \
  X(WEBHOOK_UNKNOWN, "a webhook of an unknown intent")                          \
  X(STRIPE_DEAF, "an answer of the provider lost after it acted")               \
  X(STRIPE_BUSY, "a provider that was busy")                                    \
  X(PARKED, "a request that waited for a courier")                              \
  X(PARKED_TOO_LONG, "a request that waited for a courier in vain")             \
  X(REFUND_FAILED, "a refund that the provider could not make")                 \
  X(REFUND_PENDING, "a refund that took a while")                               \
  X(STAFF_REFUND, "a refund by staff")                                          \
  X(STAFF_SEAT, "a seat blocked or freed by staff")                             \
  X(STAFF_OPERATED, "an operator's hand on the line")                           \
  X(CONCERT_ENDED, "a concert that was ended")                                  \
  X(CHECKED_IN, "a ticket checked in")                                          \
  X(CHECKED_IN_TWICE, "a second use refused")                                   \
  X(MAIL_SENT, "a mail sent")                                                   \
  X(MAIL_RETRIED, "a mail sent at a later try")                                 \
  X(MAIL_BOUNCED, "a mail that bounced")

typedef enum Seen {
#define X(name, prose) SEEN_##name,
  SEEN_TABLE(X)
#undef X
      SEEN_COUNT
} Seen;

#endif
