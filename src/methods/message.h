// What can be asked of messages (messenger contract, 1.3). Names begin with message_method_ where the model has the
// short ones.
#ifndef FOYER_METHODS_MESSAGE_H
#define FOYER_METHODS_MESSAGE_H

#include "core/call.h"

extern const Method message_method_history;  // {id, take, skip} or {id, take, before}; the first page marks it as read
extern const Method message_method_send;     // {id, message, clientID}
extern const Method message_method_unread;   // {id}: how many from that person
extern const Method message_method_read;     // {message-id}
extern const Method message_method_edit;     // {message-id, message}
extern const Method message_method_delete;   // {message-id}
extern const Method message_method_search;   // {q, with, take, before}: replies as message_search
// The program's own, for tickers: new messages can be found, old ones go (MESSAGE_RETENTION_DAYS).
extern const Method message_method_index;
extern const Method message_method_expire;

#endif
