// SQLite's write-ahead log, copied back into the file beside the writer.
#include "core/write_back.h"

// The thread copies what the log holds when it begins, and again what was added meanwhile, until that is little. A log
// is begun anew only when nothing in it is left to copy, which beside a writer that never rests would never be so: the
// last few pages the writer copies by itself.
enum { STAGE_IDLE, STAGE_ASKED, STAGE_COPIED, STAGE_STOPS };

enum { LOG_PAGES = 32000, REST_PAGES = 128, PASSES_MAX = 3 };

static void copy(void *arg) {
  WriteBack *me = arg;
  for (;;) {
    uv_sem_wait(&me->asked);
    if (atomic_load(&me->stage) == STAGE_STOPS) return;
    me->copied_pages = db_write_back(me->db);
    int asked = STAGE_ASKED;
    atomic_compare_exchange_strong(&me->stage, &asked, STAGE_COPIED);
  }
}

bool write_back_start(WriteBack *me, Db *writer, const char *path) {
  *me = (WriteBack){.writer = writer};
  if (db_is_shared(writer)) return true;
  db_keep_log(writer);
  me->db = db_open(path, DB_READ);
  if (me->db == NULL) return false;
  db_write_back_gently(me->db);
  return uv_sem_init(&me->asked, 0) == 0 && uv_thread_create(&me->thread, copy, me) == 0;
}

static void ask(WriteBack *me) {
  ++me->passes;
  atomic_store(&me->stage, STAGE_ASKED);
  uv_sem_post(&me->asked);
}

void write_back_look(WriteBack *me) {
  if (me->db == NULL) return;
  int pages = db_log_pages(me->writer);
  if (pages < me->pages_asked_at) me->pages_asked_at = 0;  // it was begun anew
  int stage = atomic_load(&me->stage);
  if (stage == STAGE_COPIED && pages - me->copied_pages > REST_PAGES && me->passes < PASSES_MAX) {
    ask(me);
  } else if (stage == STAGE_COPIED) {
    db_write_back(me->writer);
    atomic_store(&me->stage, STAGE_IDLE);
  } else if (stage == STAGE_IDLE && pages >= me->pages_asked_at + LOG_PAGES) {
    me->pages_asked_at = pages;
    me->passes = 0;
    ask(me);
  }
}

void write_back_stop(WriteBack *me) {
  if (me->db == NULL) return;
  atomic_store(&me->stage, STAGE_STOPS);
  uv_sem_post(&me->asked);
  uv_thread_join(&me->thread);
  uv_sem_destroy(&me->asked);
  db_close(me->db);
}
