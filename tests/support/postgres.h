// Databases of a test's own, of the PostgreSQL that FOYER_TEST_POSTGRES names: the URL of a database that holds the
// schema and that nobody is connected to, as ./test makes it. Unset: tests go to files of SQLite.
#ifndef FOYER_TESTS_SUPPORT_POSTGRES_H
#define FOYER_TESTS_SUPPORT_POSTGRES_H

#include <stdbool.h>
#include <stddef.h>

// Makes a copy of that database and writes its URL; false: FOYER_TEST_POSTGRES is not set.
bool postgres_make(char *url, size_t size);
void postgres_drop(const char *url);  // of postgres_make; another URL is left alone

#endif
