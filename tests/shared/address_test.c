// Whose an address is.
#include "shared/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_owner(const char *address, const char *expected) {
  char buffer[ADDRESS_BYTES];
  Str owner = address_owner(str_from(address), buffer);
  assert_int_equal(owner.length, strlen(expected));
  assert_memory_equal(owner.at, expected, owner.length);
}

static void test_who_has_an_address_of_ipv6_has_all_that_begin_like_it(void **state) {
  (void)state;
  assert_owner("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
  assert_owner("2001:db8:1:2::1", "2001:db8:1:2::");
  assert_owner("2001:DB8:1:3::1", "2001:db8:1:3::");
  assert_owner("::1", "::");
}

static void test_any_other_text_is_its_own_owner(void **state) {
  (void)state;
  assert_owner("192.0.2.1", "192.0.2.1");
  assert_owner("::ffff:192.0.2.1", "::ffff:192.0.2.1");
  assert_owner("", "");
  assert_owner("?", "?");
  assert_owner("2001:db8:1:2:3:4:5:6:7", "2001:db8:1:2:3:4:5:6:7");
  assert_owner("of no address: a text that is longer than all of them",
               "of no address: a text that is longer than all of them");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_who_has_an_address_of_ipv6_has_all_that_begin_like_it),
      cmocka_unit_test(test_any_other_text_is_its_own_owner),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
