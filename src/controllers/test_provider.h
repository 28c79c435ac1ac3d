// The built-in test provider over HTTP: Stripe's addresses below /test-provider/v1, form-encoded.
#ifndef FOYER_CONTROLLERS_TEST_PROVIDER_H
#define FOYER_CONTROLLERS_TEST_PROVIDER_H

#include "core/conn.h"

// Answers a request below /test-provider/v1; `rest` is what stands behind that. 404 while STRIPE_SECRET_KEY is set.
void test_provider_request(Exchange *exchange, Str rest);

#endif
