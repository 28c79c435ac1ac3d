// The commands of the load generator, one a file. Each takes its own arguments (without its name), prints its result as
// one line of JSON a measurement, and gives the exit status. bench/run says what they are for.
#ifndef FOYER_BENCH_LOAD_H
#define FOYER_BENCH_LOAD_H

typedef int Command(int count, char **arguments);

Command command_ask;        // PORT TYPE DATA: one message; prints the payload of its answer
Command command_fanout;     // PORT VIEWERS HALL SEATS_FILE COOKIE: rounds as told on standard input
Command command_bare;       // PORT VIEWERS: the same rounds against `limits send`
Command command_storm;      // PORT VIEWERS JSON_VIEWERS WRITERS RATE SECONDS HALL SEATS_FILE COOKIE [WRITERS_PORT]
Command command_durable;    // PORT SOCKETS IN_FLIGHT HALL SEATS_FILE COOKIE: rounds as told on standard input
Command command_idle;       // PORT VIEWERS HALL: connects and stays until standard input ends
Command command_messages;   // PORT PEOPLE_FILE CONNECTIONS: by REST, timed to the sockets; rounds as told
Command command_subscribe;  // PORT HALL FORMAT: the first subscription
Command command_crowd;      // PORT HALL COUNT: so many subscriptions at once
Command command_requests;   // PORT CONNECTIONS FILE: prepared HTTP requests, in rounds as told on standard input
Command command_serving;    // PORT VIEWERS CONCERT: pages that wait in the line
Command command_sockets;    // PORT CLIENTS TOKENS_FILE TARGET TOKEN [PER_SECOND]: of Socket.IO; rounds as told on
                            // standard input
Command command_start;      // PORT HALL CORE PROGRAM ARGUMENTS...: from the start of a process to its first answers

#endif
