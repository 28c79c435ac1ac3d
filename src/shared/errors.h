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
  X(SEAT_RESERVED, "SeatReserved", 200, "Somebody else was faster: the seat is taken.")

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
