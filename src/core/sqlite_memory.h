// Memory for the pages that SQLite keeps.
#ifndef FOYER_CORE_SQLITE_MEMORY_H
#define FOYER_CORE_SQLITE_MEMORY_H

// Before SQLite's first use, once. Where the system gives no addresses all stays as it was.
void sqlite_memory_configure(void);

#endif
