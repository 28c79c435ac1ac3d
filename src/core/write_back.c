// SQLite's write-ahead log, copied back into the file beside the writer.
#include "core/write_back.h"

// The thread copies what the log holds when it begins. A log is begun anew only when nothing in it is left to copy,
// which beside a writer that never rests would never be so: what was added meanwhile, little, the writer copies by
// itself.
enum { STAGE_IDLE, STAGE_ASKED, STAGE_COPIED, STAGE_STOPS };

enum { LOG_PAGES = 4000 };

static void copy(void *arg) {
  WriteBack *me = arg;
  for (;;) {
    uv_sem_wait(&me->asked);
    if (atomic_load(&me->stage) == STAGE_STOPS) return;
    db_write_back(me->db);
    db_write_back(me->db);  // what was added meanwhile: less is left to the writer
    int asked = STAGE_ASKED;
    atomic_compare_exchange_strong(&me->stage, &asked, STAGE_COPIED);
  }
}

bool write_back_start(WriteBack *me, Db *writer, const char *path) {
  *me = (WriteBack){.writer = writer};
  if (db_is_shared(writer)) return true;
  db_keep_log(writer);
  me->db = db_open(path, DB_READ);
  return me->db != NULL && uv_sem_init(&me->asked, 0) == 0 && uv_thread_create(&me->thread, copy, me) == 0;
}

void write_back_look(WriteBack *me) {
  if (me->db == NULL) return;
  int pages = db_log_pages(me->writer);
  if (pages < me->pages_asked_at) me->pages_asked_at = 0;  // it was begun anew
  int stage = atomic_load(&me->stage);
  if (stage == STAGE_COPIED) {
    db_write_back(me->writer);
    atomic_store(&me->stage, STAGE_IDLE);
  } else if (stage == STAGE_IDLE && pages >= me->pages_asked_at + LOG_PAGES) {
    me->pages_asked_at = pages;
    atomic_store(&me->stage, STAGE_ASKED);
    uv_sem_post(&me->asked);
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
