// Faults on purpose: the nth SQL step or allocation of our code fails, once or from then on. Only for programs called
// *_faults_test, which the Makefile links with these functions between our code and the real ones.
#ifndef FOYER_TESTS_SUPPORT_FAULTS_H
#define FOYER_TESTS_SUPPORT_FAULTS_H

#include <stdbool.h>

// The nth step of a statement from now on (1: the next), on any thread, gives SQLITE_IOERR without being taken, or is
// refused by PostgreSQL; with `for_good` all after it as well. The store's looks for writes of others do not count.
void faults_arm_sql(int nth, bool for_good);
// The nth allocation of this thread from now on is refused; with `for_good` all after it as well. Libraries have
// theirs.
void faults_arm_memory(int nth, bool for_good);
// No more faults. True when one was met since they were armed.
bool faults_disarm(void);

#endif
