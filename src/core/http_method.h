// Which methods a request may have. Pure; any thread.
#ifndef FOYER_CORE_HTTP_METHOD_H
#define FOYER_CORE_HTTP_METHOD_H

#include <stdbool.h>

#include "core/http.h"

// Reads a method's name, which is case-sensitive. *method is HTTP_OTHER for one that exists and that nothing here
// serves. False when there is no such method: a request that begins so is none.
bool http_method_read(Str name, HttpMethod *method);

#endif
