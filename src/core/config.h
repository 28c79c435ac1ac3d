// The options of the program: one table says their names, kinds, defaults, bounds and prose; environment, `.env`,
// NAME_FILE, `--help` and `.env.example` all follow from it. Read once at the start, before any thread.
#ifndef FOYER_CORE_CONFIG_H
#define FOYER_CORE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "shared/str.h"

// X(member, name, kind, default, min, max, prose). Kinds: NUMBER, SECONDS (decimals allowed, kept as milliseconds,
// which min and max count too), REAL (min and max are whole), FLAG (1/0, on/off, true/false), TEXT, SECRET (also read
// from the file that NAME_FILE names, never shown). For texts, min and max are lengths in bytes. Units are in the
// prose.
#define OPTION_TABLE(X)                                                                                               \
  X(host, "HOST", TEXT, "", 0, 64, "Address to listen on; empty: 127.0.0.1 with DEMO=1, otherwise all (::)")          \
  X(port, "PORT", NUMBER, "3000", 0, 65535, "Port for everything; 0 asks the system for a free one")                  \
  X(ws_port, "WS_PORT", NUMBER, "3001", 0, 65535, "A second port with the same handlers; 0 or equal to PORT: none")   \
  X(database_url, "DATABASE_URL", TEXT, "sqlite:foyer.db", 8, 4096,                                                   \
    "sqlite:PATH of the database file, or postgres://...")                                                            \
  X(redis_url, "REDIS_URL", SECRET, "", 0, 4096,                                                                      \
    "redis://user:password@host:6379/0, or rediss://...; of a replica set all addresses, separated by commas")        \
  X(demo, "DEMO", FLAG, "0", 0, 1, "Fill an empty database with a demo venue")                                        \
  X(public_url, "PUBLIC_URL", TEXT, "", 0, 2048, "Where people reach the page, https://...; empty: http://HOST:PORT") \
  X(allowed_origins, "ALLOWED_ORIGINS", TEXT, "", 0, 8192,                                                            \
    "Origins whose pages may talk to us, separated by commas; PUBLIC_URL's is always one; localhost with DEMO=1")     \
  X(jwt_secret, "JWT_SECRET", SECRET, "", 0, 4096,                                                                    \
    "Signs the tokens; empty: made on first start and kept in the database")                                          \
  X(cookie_secret, "COOKIE_SECRET", SECRET, "", 0, 4096, "Signs the cookies; likewise")                               \
  X(ticket_secret, "TICKET_SECRET", SECRET, "", 0, 4096, "Signs the codes of the tickets; likewise")                  \
  X(rate_limits, "RATE_LIMITS", FLAG, "on", 0, 1, "Limit requests by address; what counts guesses stays on")          \
  X(trust_proxy, "TRUST_PROXY", FLAG, "0", 0, 1, "Take the client's address from the last X-Forwarded-For")           \
  X(drain_ms, "DRAIN_SECONDS", SECONDS, "0", 0, 3600000,                                                              \
    "After SIGTERM everything is served for so long while /readyz says draining, for a balancer to send no more; "    \
    "sockets are closed one after the other meanwhile")                                                               \
  X(log_level, "LOG_LEVEL", TEXT, "info", 0, 8, "debug, info, warn, error or off")                                    \
  X(loops, "LOOPS", NUMBER, "0", 0, 64, "Threads for connections; 0: one for each core but one")                      \
  X(readers, "READERS", NUMBER, "2", 1, 16, "Threads that read the database")                                         \
  X(connections_max, "CONNECTIONS_MAX", NUMBER, "100000", 1, 10000000, "Connections at once; more are answered 503")  \
  X(user_sockets_max, "USER_SOCKETS_MAX", NUMBER, "200", 50, 1000000,                                                 \
    "Socket.IO connections of one person; past it an old one is let go")                                              \
  X(slow_client_bytes, "SLOW_CLIENT_BYTES", NUMBER, "1048576", 4096, 1073741824,                                      \
    "Backlog of a connection, in bytes, past which it gets no updates until it has caught up")                        \
  X(queue_max, "QUEUE_MAX", NUMBER, "8192", 16, 1000000,                                                              \
    "Calls that may wait for the database; more are answered 503")                                                    \
  X(head_timeout_ms, "HEAD_TIMEOUT_MS", NUMBER, "10000", 10, 600000, "For the head of a request, in milliseconds")    \
  X(body_timeout_ms, "BODY_TIMEOUT_MS", NUMBER, "30000", 10, 600000,                                                  \
    "For a whole request or message, in milliseconds")                                                                \
  X(idle_timeout_ms, "IDLE_TIMEOUT_MS", NUMBER, "75000", 10, 3600000, "For a kept-alive connection, in milliseconds") \
  X(write_timeout_ms, "WRITE_TIMEOUT_MS", NUMBER, "30000", 10, 600000,                                                \
    "For a client that takes none of the bytes that wait for it, in milliseconds")                                    \
  X(access_seconds, "ACCESS_SECONDS", NUMBER, "0", 0, 31536000,                                                       \
    "Life of an access token, in seconds; 0: five days (seats door), nine hours (tickets), an hour (messenger)")      \
  X(refresh_seconds, "REFRESH_SECONDS", NUMBER, "0", 0, 31536000,                                                     \
    "Life of a refresh token, in seconds; 0: a week (tickets door), a year (messenger)")                              \
  X(ws_expired_grace_ms, "WS_EXPIRED_GRACE", SECONDS, "86400", 0, 31536000000,                                        \
    "How long an expired token still connects a messenger's socket while its session stands, in seconds; 0: not at "  \
    "all")                                                                                                            \
  X(refresh_secret, "REFRESH_SECRET", SECRET, "", 0, 4096, "Signs refresh tokens; empty: derived from JWT_SECRET")    \
  X(concert_id, "CONCERT_ID", TEXT, "", 0, 24, "The concert on sale; empty: the first one")                           \
  X(max_active_users, "MAX_ACTIVE_USERS", NUMBER, "50", 1, 1000000, "People who may buy at the same time")            \
  X(slot_ms, "SLOT_SECONDS", SECONDS, "300", 10, 86400000, "How long an admitted person may buy")                     \
  X(booking_ms, "BOOKING_SECONDS", SECONDS, "600", 10, 86400000, "How long a booking waits for its payment")          \
  X(otp_ms, "OTP_SECONDS", SECONDS, "300", 10, 86400000, "How long an e-mailed code is good")                         \
  X(promote_interval_ms, "PROMOTE_INTERVAL", SECONDS, "5", 10, 3600000,                                               \
    "How often ended slots are looked for, in seconds")                                                               \
  X(sweep_interval_ms, "SWEEP_INTERVAL", SECONDS, "60", 10, 3600000,                                                  \
    "How often unpaid bookings are looked for, in seconds")                                                           \
  X(booking_fee_rate, "BOOKING_FEE_RATE", REAL, "0", 0, 1, "Share of the price that is added as a fee: 0.05 is 5 %")  \
  X(demo_seats, "DEMO_SEATS", NUMBER, "0", 0, 1000000, "Tickets of the demo concert in all; 0: 15,000")               \
  X(message_retention_days, "MESSAGE_RETENTION_DAYS", NUMBER, "0", 0, 36500,                                          \
    "Messages are deleted when they are so many days old; 0: never")                                                  \
  X(company_name, "COMPANY_NAME", TEXT, "foyer", 1, 128, "Who writes the mails")                                      \
  X(company_logo_url, "COMPANY_LOGO_URL", TEXT, "", 0, 2048, "Picture at the head of the mails")                      \
  X(mail_from, "MAIL_FROM", TEXT, "", 0, 254, "Sender of the mails; empty: tickets@ the host of PUBLIC_URL")          \
  X(mail_dir, "MAIL_DIR", TEXT, "mail", 1, 4096, "Folder where mails are put as .eml files while SMTP_URL is empty")  \
  X(smtp_url, "SMTP_URL", SECRET, "", 0, 2048, "Relay for mails: smtp://user:password@host:587 or smtps://...:465")   \
  X(stripe_secret_key, "STRIPE_SECRET_KEY", SECRET, "", 0, 256, "Empty: payments by the built-in test provider")      \
  X(stripe_publishable_key, "STRIPE_PUBLISHABLE_KEY", TEXT, "", 0, 256, "What the page tells Stripe")                 \
  X(stripe_webhook_secret, "STRIPE_WEBHOOK_SECRET", SECRET, "", 0, 256, "Signs what Stripe tells us")                 \
  X(stripe_api_base, "STRIPE_API_BASE", TEXT, "https://api.stripe.com", 8, 2048, "Where Stripe answers")

#define OPTION_TYPE_NUMBER int64_t
#define OPTION_TYPE_SECONDS int64_t
#define OPTION_TYPE_REAL double
#define OPTION_TYPE_FLAG bool
#define OPTION_TYPE_TEXT Str
#define OPTION_TYPE_SECRET Str

typedef struct Config Config;
struct Config {
#define X(member, name, kind, standard, min, max, prose) OPTION_TYPE_##kind member;
  OPTION_TABLE(X)
#undef X
};

// Reads the environment, and below it the file `.env` of the working directory if there is one. Texts live in `arena`.
// False when something is wrong; each fault was written to `faults` as one line a person can act on. May block on
// files.
bool config_load(Config *config, Arena *arena, FILE *faults);

void config_print_help(FILE *out);         // the options as `--help` shows them
void config_print_env_example(FILE *out);  // a commented `.env`

#endif
