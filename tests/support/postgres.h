// Databases of a test's own, of the PostgreSQL that FOYER_TEST_POSTGRES names: the URL of a database that holds the
// schema and that nobody is connected to, as ./test makes it. Unset: tests go to files of SQLite.
#ifndef FOYER_TESTS_SUPPORT_POSTGRES_H
#define FOYER_TESTS_SUPPORT_POSTGRES_H

#include <stdbool.h>
#include <stddef.h>

bool postgres_is_tested(void);  // FOYER_TEST_POSTGRES is set
// Makes a copy of that database and writes its URL; false: there is none.
bool postgres_make(char *url, size_t size);
// The same of a database that was made here, and that nobody is connected to.
void postgres_copy(const char *from, char *url, size_t size);
void postgres_drop(const char *url);  // of these; another URL is left alone

#endif
