// The options: where their values come from, which win, what is refused and in which words, and what is printed of
// them.
#include "core/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static Arena arena;
static Config config;
static char project[512];   // where the test was started: the project's root
static char directory[64];  // an empty one to read `.env` from
static char *told;          // the faults of the last load

#define NAME(member, name, ...) name,
static const char *const names[] = {OPTION_TABLE(NAME)};
#define KIND(member, name, kind, ...) #kind,
static const char *const kinds[] = {OPTION_TABLE(KIND)};
enum { OPTIONS = sizeof names / sizeof names[0] };

static int begin(void **state) {
  (void)state;
  for (int i = 0; i < OPTIONS; i++) {
    char file[80];
    snprintf(file, sizeof file, "%s_FILE", names[i]);
    unsetenv(names[i]);
    unsetenv(file);
  }
  strcpy(directory, "/tmp/foyer_config_XXXXXX");
  return getcwd(project, sizeof project) == NULL || mkdtemp(directory) == NULL || chdir(directory) != 0;
}

static int end(void **state) {
  (void)state;
  unlink(".env");
  unlink("secret");
  free(told);
  told = NULL;
  arena_free(&arena);
  return chdir(project) != 0 || rmdir(directory) != 0;
}

static void write_file(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

static bool load(void) {
  size_t length;
  free(told);
  FILE *faults = open_memstream(&told, &length);
  assert_non_null(faults);
  bool good = config_load(&config, &arena, faults);
  fclose(faults);
  assert_true(good == (told[0] == '\0'));
  return good;
}

#define assert_str(actual, expected) assert_string_equal(str_zero(&arena, (actual)), (expected))

static void test_without_settings_every_option_has_its_default(void **state) {
  (void)state;
  assert_true(load());
  assert_int_equal(config.port, 3000);
  assert_int_equal(config.ws_port, 3001);
  assert_str(config.database_url, "sqlite:foyer.db");
  assert_str(config.host, "");
  assert_str(config.jwt_secret, "");
  assert_true(config.rate_limits);
  assert_false(config.demo);
  assert_int_equal(config.refresh_seconds, 0);
  assert_int_equal(config.slot_ms, 300000);
}

static void test_the_environment_wins_over_the_file(void **state) {
  (void)state;
  write_file(".env", "PORT=4000\nWS_PORT=4001\nHOST=10.0.0.1\n");
  setenv("PORT", "5000", 1);
  assert_true(load());
  assert_int_equal(config.port, 5000);
  assert_int_equal(config.ws_port, 4001);
  assert_str(config.host, "10.0.0.1");
}

static void test_a_file_may_be_written_as_people_write_it(void **state) {
  (void)state;
  write_file(".env",
             "# PORT=1\r\n\r\n  export PORT = 4000 \r\nHOST=\"::1\"\nPUBLIC_URL='https://a.example/?x=1'\n"
             "JWT_SECRET=a=b=c\nnonsense\nUNKNOWN=1\nDEMO=Yes\nLOOPS=3\nLOOPS=4");
  assert_true(load());
  assert_int_equal(config.port, 4000);
  assert_str(config.host, "::1");
  assert_str(config.public_url, "https://a.example/?x=1");
  assert_str(config.jwt_secret, "a=b=c");
  assert_true(config.demo);
  assert_int_equal(config.loops, 4);
}

static void test_an_empty_value_means_the_default(void **state) {
  (void)state;
  write_file(".env", "PORT=4000\nDATABASE_URL=\n");
  setenv("PORT", "", 1);
  setenv("RATE_LIMITS", "", 1);
  assert_true(load());
  assert_int_equal(config.port, 3000);
  assert_true(config.rate_limits);
  assert_str(config.database_url, "sqlite:foyer.db");
}

static void test_numbers_have_bounds_and_nothing_around_them(void **state) {
  static const char *const bad[] = {"-1", "65536", "3000x", " 3000", "3e3", "0x10", "99999999999999999999", "1.5"};
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    setenv("PORT", bad[i], 1);
    assert_false(load());
    char expected[128];
    snprintf(expected, sizeof expected, "PORT=%s: must be a whole number from 0 to 65535\n", bad[i]);
    assert_string_equal(told, expected);
  }
  setenv("PORT", "0", 1);
  setenv("WS_PORT", "65535", 1);
  assert_true(load());
  assert_int_equal(config.port, 0);
  assert_int_equal(config.ws_port, 65535);
}

static void test_every_number_takes_its_bounds_and_no_more(void **state) {
  (void)state;
#define BOUNDS(member, name, kind, standard, min, max, prose)                           \
  if (strcmp(#kind, "NUMBER") == 0) {                                                   \
    const long long tries[] = {(min), (max), (long long)(min)-1, (long long)(max) + 1}; \
    for (int i = 0; i < 4; i++) {                                                       \
      char value[32];                                                                   \
      snprintf(value, sizeof value, "%lld", tries[i]);                                  \
      setenv(name, value, 1);                                                           \
      assert_int_equal(load(), i < 2);                                                  \
    }                                                                                   \
    unsetenv(name);                                                                     \
    assert_true(load());                                                                \
  }
  OPTION_TABLE(BOUNDS)
}

static void test_flags_are_on_or_off_in_a_few_words(void **state) {
  static const char *const on[] = {"1", "on", "true", "yes", "ON", "True"};
  static const char *const off[] = {"0", "off", "false", "no", "OFF", "No"};
  (void)state;
  for (int i = 0; i < 6; i++) {
    setenv("DEMO", on[i], 1);
    setenv("RATE_LIMITS", off[i], 1);
    assert_true(load());
    assert_true(config.demo);
    assert_false(config.rate_limits);
  }
  setenv("DEMO", "2", 1);
  assert_false(load());
  assert_string_equal(told, "DEMO=2: must be on or off\n");
}

static void test_texts_have_a_length_and_a_secret_is_never_shown(void **state) {
  (void)state;
  char *much = arena_alloc(&arena, 4098);
  memset(much, 'q', 4097);
  setenv("DATABASE_URL", "sqlite:", 1);
  setenv("JWT_SECRET", much, 1);
  assert_false(load());
  assert_string_equal(told,
                      "DATABASE_URL: must have 8 to 4096 characters\nJWT_SECRET: must have 0 to 4096 characters\n");
  setenv("JWT_SECRET", much + 1, 1);
  setenv("DATABASE_URL", "sqlite:a", 1);
  assert_true(load());
}

static void test_an_address_begins_as_such_and_is_never_shown(void **state) {
  (void)state;
  setenv("PUBLIC_URL", "tickets.example", 1);
  setenv("COMPANY_LOGO_URL", "/logo.png", 1);
  setenv("SMTP_URL", "http://user:password@mail", 1);
  setenv("STRIPE_API_BASE", "nonsense", 1);
  assert_false(load());
  assert_string_equal(told,
                      "PUBLIC_URL: must begin with http:// or https://\n"
                      "COMPANY_LOGO_URL: must begin with http:// or https://\n"
                      "SMTP_URL: must begin with smtp:// or smtps://\n"
                      "STRIPE_API_BASE: must begin with http:// or https://\n");
  setenv("PUBLIC_URL", "https://tickets.example", 1);
  setenv("COMPANY_LOGO_URL", "http://tickets.example/logo.png", 1);
  setenv("SMTP_URL", "smtps://mail", 1);
  setenv("STRIPE_API_BASE", "http://127.0.0.1:1", 1);
  assert_true(load());
}

static void test_a_sender_is_an_address_and_an_origin_has_a_scheme_and_no_path(void **state) {
  (void)state;
  static const char *const senders[] = {"foo", "foo@", "@example.com", "Tickets <tickets@example.com>"};
  static const char *const origins[] = {"foo", "https://shop.example/", "*", "https://", "http://a.example,b.example"};
  for (size_t i = 0; i < sizeof senders / sizeof senders[0]; i++) {
    setenv("MAIL_FROM", senders[i], 1);
    assert_false(load());
    assert_non_null(strstr(told, ": must be an address, as tickets@example.com\n"));
  }
  setenv("MAIL_FROM", "tickets@localhost", 1);
  for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
    setenv("ALLOWED_ORIGINS", origins[i], 1);
    assert_false(load());
    assert_non_null(strstr(told, "\" must be an origin, as https://shop.example\n"));
  }
  setenv("ALLOWED_ORIGINS", " https://shop.example , http://localhost:5173,", 1);
  assert_true(load());
}

static void test_all_faults_are_told_at_once(void **state) {
  (void)state;
  write_file(".env", "PORT=x\nDEMO=perhaps\nREADERS=0\n");
  assert_false(load());
  assert_string_equal(told,
                      "PORT=x: must be a whole number from 0 to 65535\nDEMO=perhaps: must be on or off\n"
                      "READERS=0: must be a whole number from 1 to 16\n");
}

static void test_a_secret_may_stand_in_a_file_of_its_own(void **state) {
  (void)state;
  write_file("secret", "  from a file\n");
  setenv("JWT_SECRET_FILE", "secret", 1);
  assert_true(load());
  assert_str(config.jwt_secret, "from a file");
  setenv("JWT_SECRET", "itself", 1);
  assert_true(load());
  assert_str(config.jwt_secret, "itself");
  setenv("JWT_SECRET", "", 1);
  assert_true(load());
  assert_str(config.jwt_secret, "from a file");
  setenv("PORT_FILE", "secret", 1);
  assert_true(load());
  assert_int_equal(config.port, 3000);
}

static void test_a_secret_file_that_cannot_be_read_is_a_fault(void **state) {
  (void)state;
  setenv("COOKIE_SECRET_FILE", "nowhere", 1);
  assert_false(load());
  assert_string_equal(told, "COOKIE_SECRET_FILE=nowhere: No such file or directory\n");
  setenv("COOKIE_SECRET_FILE", "/", 1);
  assert_false(load());
  assert_string_equal(told, "COOKIE_SECRET_FILE=/: cannot be read\n");
}

static void test_a_settings_file_that_cannot_be_read_is_a_fault(void **state) {
  (void)state;
  assert_int_equal(mkdir(".env", 0700), 0);
  bool good = load();
  assert_int_equal(rmdir(".env"), 0);
  assert_false(good);
  assert_string_equal(told, ".env: cannot be read\n");
}

// What the program prints.

static char *print(void (*printer)(FILE *)) {
  char *text = NULL;
  size_t length;
  FILE *out = open_memstream(&text, &length);
  assert_non_null(out);
  printer(out);
  fclose(out);
  return text;
}

static void test_help_and_the_sample_name_every_option(void **state) {
  (void)state;
  char *help = print(config_print_help);
  char *sample = print(config_print_env_example);
  for (int i = 0; i < OPTIONS; i++) {
    char line[96];
    snprintf(line, sizeof line, "  %-22s ", names[i]);
    assert_non_null(strstr(help, line));
    snprintf(line, sizeof line, "\n#%s=", names[i]);
    assert_non_null(strstr(sample, line));
    snprintf(line, sizeof line, "%s_FILE=", names[i]);
    bool secret = strcmp(kinds[i], "SECRET") == 0;
    assert_int_equal(strstr(sample, line) != NULL, secret);
    assert_int_equal(strstr(help, line) != NULL, secret);
  }
  free(help);
  free(sample);
}

static void test_the_sample_uncommented_is_the_defaults(void **state) {
  (void)state;
  char *sample = print(config_print_env_example);
  for (char *at = sample; *at != '\0'; at++) {
    if (*at == '#' && at[1] != ' ') *at = ' ';
  }
  write_file(".env", sample);
  free(sample);
  assert_true(load());
  assert_int_equal(config.port, 3000);
  assert_int_equal(config.slow_client_bytes, 1048576);
  assert_true(config.rate_limits);
}

static void test_the_sample_in_the_project_is_what_is_printed(void **state) {
  (void)state;
  char path[600];
  snprintf(path, sizeof path, "%s/.env.example", project);
  FILE *file = fopen(path, "r");
  if (file == NULL) skip();  // started elsewhere
  char *sample = print(config_print_env_example);
  char *kept = arena_alloc(&arena, 65536);
  kept[fread(kept, 1, 65535, file)] = '\0';
  fclose(file);
  assert_string_equal(kept, sample);
  free(sample);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_without_settings_every_option_has_its_default),
      CASE(test_the_environment_wins_over_the_file),
      CASE(test_a_file_may_be_written_as_people_write_it),
      CASE(test_an_empty_value_means_the_default),
      CASE(test_numbers_have_bounds_and_nothing_around_them),
      CASE(test_every_number_takes_its_bounds_and_no_more),
      CASE(test_flags_are_on_or_off_in_a_few_words),
      CASE(test_texts_have_a_length_and_a_secret_is_never_shown),
      CASE(test_an_address_begins_as_such_and_is_never_shown),
      CASE(test_a_sender_is_an_address_and_an_origin_has_a_scheme_and_no_path),
      CASE(test_all_faults_are_told_at_once),
      CASE(test_a_secret_may_stand_in_a_file_of_its_own),
      CASE(test_a_secret_file_that_cannot_be_read_is_a_fault),
      CASE(test_a_settings_file_that_cannot_be_read_is_a_fault),
      CASE(test_help_and_the_sample_name_every_option),
      CASE(test_the_sample_uncommented_is_the_defaults),
      CASE(test_the_sample_in_the_project_is_what_is_printed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
