// The signature of a webhook, beside the example of the Standard Webhooks specification.
#include "effects/webhook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_the_signature_is_the_specification_s(void **state) {
  (void)state;
  Arena arena = {0};
  Str signature = webhook_signature(&arena, STR("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                                    STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330, STR("{\"test\": 2432232314}"));
  assert_string_equal(str_zero(&arena, signature), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  arena_free(&arena);
}

static void test_a_secret_that_is_no_base64_signs_nothing(void **state) {
  (void)state;
  Arena arena = {0};
  assert_int_equal(webhook_signature(&arena, STR("whsec_*"), STR("m"), 1, STR("x")).length, 0);
  arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_signature_is_the_specification_s),
                                     cmocka_unit_test(test_a_secret_that_is_no_base64_signs_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
