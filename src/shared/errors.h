// Every error of the program, one row each: name, wire code (the seats door's word), HTTP status, prose for people.
#ifndef FOYER_SHARED_ERRORS_H
#define FOYER_SHARED_ERRORS_H

#define ERROR_TABLE(X)                                                                                                 \
  X(INTERNAL, "InternalServerError", 500, "Something went wrong on our side. Please try again.")                       \
  X(VALIDATION, "ValidationError", 400, "Some of the input is not valid.")                                             \
  X(UNAUTHORIZED, "Unauthorized", 401, "Please sign in first.")                                                        \
  X(FORBIDDEN, "Forbidden", 403, "You may not do that.")                                                               \
  X(NOT_FOUND, "NotFound", 404, "There is nothing here.")                                                              \
  X(ROUTE_NOT_FOUND, "RouteNotFound", 404, "There is no such address.")                                                \
  X(INVALID_REQUEST, "InvalidRequest", 400, "The request could not be read.")                                          \
  X(UNKNOWN_MESSAGE_TYPE, "UnknownMessageType", 400, "There is no such message.")                                      \
  X(MESSAGE_TOO_LARGE, "MessageTooLarge", 413, "The message is too large.")                                            \
  X(MESSAGE_TYPE_REQUIRED, "MessageTypeRequired", 400, "The message has no type.")                                     \
  X(TOO_MANY_REQUESTS, "TooManyRequests", 429, "Too many requests. Please wait a little.")                             \
  X(TOO_MANY_CONNECTIONS, "TooManyConnections", 503, "Too many connections. Please try again soon.")                   \
  X(BUSY, "InternalServerError", 503, "We are very busy. Please try again in a moment.")                               \
  X(SUBSCRIPTION_ALREADY_EXISTS, "SubscriptionAlreadyExists", 409, "That subscription is already there.")              \
  X(SUBSCRIPTION_NOT_FOUND, "SubscriptionNotFound", 404, "There is no such subscription.")                             \
  X(TOKEN_EXPIRED, "TokenExpired", 401, "Your sign-in has ended. Please sign in again.")                               \
  X(TOKEN_INVALID, "TokenInvalid", 401, "Your sign-in is not valid. Please sign in again.")                            \
  X(USER_NOT_FOUND, "UserNotFound", 200, "There is no such user.")                                                     \
  X(USER_ALREADY_EXISTS, "UserAlreadyExists", 200, "That name is taken.")                                              \
  X(INVALID_USERNAME, "InvalidUsername", 200, "A username has 3 to 32 letters, digits, _ or -.")                       \
  X(REGISTRATION_NOT_IN_PROGRESS, "RegistrationNotInProgress", 200, "No registration is under way for that name.")     \
  X(REGISTRATION_IN_PROGRESS, "RegistrationInProgress", 200, "A registration for that name is already under way.")     \
  X(TOO_MANY_VALIDATION_ATTEMPTS, "TooManyValidationAttempts", 429, "Too many wrong codes. Please wait five minutes.") \
  X(INVALID_CODE, "InvalidCode", 200, "The code is not right.")                                                        \
  X(TOO_MANY_LOGIN_ATTEMPTS, "TooManyLoginAttempts", 429, "Too many tries. Please wait fifteen minutes.")              \
  X(INVALID_RECOVERY_PHRASE, "InvalidRecoveryPhrase", 200, "The recovery phrase is not right.")                        \
  X(CINEMA_EXISTS, "CinemaExists", 200, "There is already a cinema of that name.")                                     \
  X(CINEMA_FETCH_FAILED, "CinemaFetchFailed", 500, "The cinemas could not be read.")                                   \
  X(HALL_NOT_FOUND, "HallNotFound", 200, "There is no such hall.")                                                     \
  X(HALL_EXISTS, "HallExists", 200, "There is already a hall of that name.")                                           \
  X(REQUIRED_HALL_ID, "RequiredHallId", 200, "A hall is needed.")                                                      \
  X(SEAT_NOT_FOUND, "SeatNotFound", 200, "There is no such seat in this hall.")                                        \
  X(INVALID_SEAT_DATA, "InvalidSeatData", 200, "The seat or its status is not valid.")                                 \
  X(SEAT_RESERVED, "SeatReserved", 200, "Somebody else was faster: the seat is taken.")                                \
  X(INVALID_TOKEN, "invalid_token", 401, "Invalid token")                                                              \
  X(USER_EXISTS, "user_exists", 400, "User already exists with this email")                                            \
  X(EMAIL_FAILED, "email_failed", 400, "Email sending failed")                                                         \
  X(OTP_INVALID, "otp_invalid", 400, "Invalid OTP")                                                                    \
  X(INVALID_CREDENTIALS, "invalid_credentials", 400, "Invalid email or password")                                      \
  X(INVALID_REFRESH_TOKEN, "invalid_refresh_token", 401, "Invalid refresh token")                                      \
  X(SESSION_NOT_FOUND, "session_not_found", 404, "There is no such session.")                                          \
  X(KEY_REUSED, "idempotency_key_reused", 422, "This Idempotency-Key was used for another request.")                   \
  X(CONCERT_NOT_FOUND, "concert_not_found", 404, "Concert not found")                                                  \
  X(CATEGORY_NOT_FOUND, "category_not_found", 404, "There is no such category.")                                       \
  X(QUEUE_CLOSED, "queue_closed", 409, "The sale is closed.")                                                          \
  X(SALE_OPENED, "sale_opened", 409, "The sale has opened already: it cannot open at another time.")                   \
  X(HALL_ON_SALE, "hall_on_sale", 409, "The seats of this hall are on sale for another concert.")                      \
  X(CONCERT_AHEAD, "concert_ahead", 409, "This concert is still to come: it cannot be ended before its date.")         \
  X(STILL_PAYING, "still_paying", 409, "Bookings are still being paid. End the concert when they are.")                \
  X(CONCERT_OVER, "concert_over", 409, "This concert is over.")                                                        \
  X(NO_ACTIVE_SLOT, "no_active_slot", 403, "High demand: Please wait for your slot")                                   \
  X(PENDING_EXISTS, "pending_exists", 409,                                                                             \
    "You have an active booking session for this category. Complete payment or wait for release")                      \
  X(SOLD_OUT, "sold_out", 409, "Not enough seats are left.")                                                           \
  X(SEATS_TAKEN, "seats_taken", 409, "Somebody else was faster: some of these seats are taken.")                       \
  X(SEATS_REQUIRED, "seats_required", 400, "This concert has numbered seats: choose them on the map.")                 \
  X(NO_SEATS_TOGETHER, "no_seats_together", 409, "There are not that many seats together any more.")                   \
  X(BOOKING_NOT_FOUND, "booking_not_found", 404, "Booking not found")                                                  \
  X(NO_PENDING_BOOKING, "no_pending_booking", 404, "No active session for this category")                              \
  X(BOOKING_INVALID, "booking_invalid", 400, "Invalid or expired booking")                                             \
  X(BOOKING_EXPIRED, "booking_expired", 410, "The booking has expired.")                                               \
  X(BOOKING_REFUNDED, "booking_expired", 410, "Booking expired; your payment is being refunded")                       \
  X(BOOKING_CANCELLED, "booking_cancelled", 410, "The booking was cancelled.")                                         \
  X(PAYMENT_REQUIRED, "payment_required", 402, "Payment Verification Failed")                                          \
  X(PAYMENT_PROCESSING, "payment_processing", 409, "The payment is being processed. Please wait a moment.")            \
  X(PAYMENT_COMPLETED, "payment_completed", 409, "Payment already completed")                                          \
  X(PAYMENT_ALREADY_COMPLETED, "payment_completed", 400, "Payment already completed")                                  \
  X(PROVIDER_UNAVAILABLE, "provider_unavailable", 502, "The payment provider cannot be reached. Please try again.")    \
  X(PAYMENT_REFUSED, "payment_refused", 400, "The payment provider refused.")                                          \
  X(NOTHING_TO_PAY, "nothing_to_pay", 400, "These tickets are free. Confirm the booking.")                             \
  X(WEBHOOK_INVALID, "webhook_invalid", 400, "Webhook Error: it is not signed by the provider")                        \
  X(TICKET_NOT_FOUND, "ticket_not_found", 404, "This is not a ticket of ours.")                                        \
  X(WRONG_CONCERT, "wrong_concert", 409, "This ticket is for another concert.")                                        \
  X(TICKET_USED, "ticket_used", 409, "This ticket was used already.")                                                  \
  X(TICKET_VOID, "ticket_void", 410, "This ticket was refunded.")                                                      \
  X(EXPORT_TOO_LONG, "export_too_long", 400, "These are more than 100,000 bookings: say a shorter time, from and to.") \
  X(RECEIVER_NOT_FOUND, "receiver_not_found", 400, "Receiver user not found")                                          \
  X(PERSON_NOT_FOUND, "person_not_found", 400, "User not found")                                                       \
  X(BLOCKED_BY_THEM, "blocked", 403, "This person takes no messages from you")                                         \
  X(BLOCKED_BY_YOU, "blocked", 403, "You have blocked this person")                                                    \
  X(EMAIL_IN_USE, "email_in_use", 400, "Email already in use")                                                         \
  X(EMAIL_NOT_CONFIRMED, "email_not_confirmed", 401, "You need to confirm your email")                                 \
  X(WRONG_PASSWORD, "invalid_password", 401, "Invalid password")                                                       \
  X(CONFIRM_LINK_INVALID, "invalid_link", 400, "Invalid confirm email link")                                           \
  X(RESET_LINK_INVALID, "invalid_link", 401, "Invalid reset password link")                                            \
  X(CHANGE_LINK_INVALID, "invalid_link", 401, "Invalid change email link")                                             \
  X(SIGNUP_MAIL_FAILED, "email_failed", 500, "Email sending error. Check if the email address you entered is correct") \
  X(CHANGE_MAIL_FAILED, "email_failed", 500, "Email sending error")                                                    \
  X(MESSAGE_NOT_FOUND, "message_not_found", 400, "Message not found")                                                  \
  X(NOT_THE_RECEIVER, "not_the_receiver", 401,                                                                         \
    "Insufficient rights to mark the message as read. You must be the receiver of this message")                       \
  X(NOT_THE_SENDER_EDIT, "not_the_sender", 401,                                                                        \
    "Insufficient rights to edit the message. You must be the sender of this message")                                 \
  X(NOT_THE_SENDER_DELETE, "not_the_sender", 401,                                                                      \
    "Insufficient rights to delete the message. You must be the sender of this message")

typedef enum Error {
  ERR_NONE = 0,
#define X(name, code, status, prose) ERR_##name,
  ERROR_TABLE(X)
#undef X
      ERR_COUNT
} Error;

const char *error_code(Error error);   // the wire code, "InternalServerError"; "" for ERR_NONE
int error_status(Error error);         // the HTTP status; 200 for ERR_NONE and for business errors of the seats door
const char *error_prose(Error error);  // a sentence for people

#endif
