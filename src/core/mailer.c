// Handing a message over: to a relay by libcurl's SMTP, or into a folder.
#include "core/mailer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/curl_thread.h"

enum { CONNECT_MS = 8000, TOTAL_MS = 60000, REFUSED_FROM = 500 };

// SMTP.

static size_t on_read(char *bytes, size_t size, size_t count, void *state) {
  Str *left = state;
  size_t take = size * count < left->length ? size * count : left->length;
  memcpy(bytes, left->at, take);
  *left = (Str){left->at + take, left->length - take};
  return take;
}

// smtp:// asks for STARTTLS where the relay is another machine or a password goes over; a relay on this machine without
// a password is spoken to in the clear when it has no TLS.
static long tls_level(Str url) {
  Str host = (Str){url.at + strlen("smtp://"), url.length - strlen("smtp://")};
  bool near =
      str_starts(host, STR("127.0.0.1")) || str_starts(host, STR("localhost")) || str_starts(host, STR("[::1]"));
  bool password = memchr(url.at, '@', url.length) != NULL;
  return near && !password ? CURLUSESSL_TRY : CURLUSESSL_ALL;
}

static void set_up(CURL *curl, Arena *arena, Str url, const Mail *mail, struct curl_slist *to, Str *message) {
  curl_easy_setopt(curl, CURLOPT_URL, str_zero(arena, url));
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  if (str_starts(url, STR("smtp://"))) curl_easy_setopt(curl, CURLOPT_USE_SSL, tls_level(url));
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, str_zero(arena, mail->from));
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(curl, CURLOPT_READDATA, message);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TOTAL_MS);
}

// A 5xx is the relay's last word about this mail (RFC 5321 4.2.1) when it answers to the mail: its sender, addressee
// and begin, or the end of it. All else, of the connection too, may go better later.
static MailOutcome outcome_of(CURL *curl, Arena *arena, CURLcode result, bool whole, const char **fault) {
  long code = 0;
  if (*fault == NULL) return MAIL_SENT;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
  Text said = {.arena = arena};
  text_format(&said, "%s, the last reply was %ld", *fault, code);
  *fault = str_zero(arena, text_str(&said));
  bool about_sign_in = code == 530 || code == 534 || code == 535 || code == 538;
  bool about_mail = (result == CURLE_SEND_ERROR || whole) && !about_sign_in;
  return about_mail && code >= REFUSED_FROM ? MAIL_REFUSED : MAIL_LATER;
}

static MailOutcome send_by_smtp(Arena *arena, Str url, const Mail *mail, const _Atomic bool *urgent,
                                const char **fault) {
  Str message = mail_message(arena, mail);
  CURL *curl = curl_easy_init();
  struct curl_slist *to = curl_slist_append(NULL, str_zero(arena, mail->to));
  MailOutcome outcome = MAIL_LATER;
  *fault = "no memory";
  if (curl != NULL && to != NULL) {
    set_up(curl, arena, url, mail, to, &message);
    CURLcode result;
    *fault = curl_run(curl, arena, urgent, &result);
    outcome = outcome_of(curl, arena, result, message.length == 0, fault);
  }
  curl_slist_free_all(to);
  curl_easy_cleanup(curl);
  return outcome;
}

// The folder.

static bool write_all(int fd, Str bytes) {
  while (bytes.length > 0) {
    ssize_t written = write(fd, bytes.at, bytes.length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = (Str){bytes.at + written, bytes.length - (size_t)written};
  }
  return fsync(fd) == 0;
}

static bool sync_folder(const char *folder) {
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  bool synced = fsync(fd) == 0;
  close(fd);
  return synced;
}

// Its name is its id, so that a mail written again after a crash replaces itself.
static const char *path_in(Arena *arena, Str folder, Str id, const char *end) {
  Text path = {.arena = arena};
  text_add(&path, folder);
  text_char(&path, '/');
  for (size_t i = 0; i < id.length; i++) {
    bool plain = memchr("/\\:*?\"<>|", id.at[i], 9) == NULL && (unsigned char)id.at[i] > ' ';
    text_char(&path, plain ? id.at[i] : '_');
  }
  text_add(&path, str_from(end));
  return str_zero(arena, text_str(&path));
}

static bool make_folder(const char *folder) {
  return mkdir(folder, 0700) == 0 || errno == EEXIST;
}

static MailOutcome put_into_folder(Arena *arena, Str folder, const Mail *mail, const char **fault) {
  const char *directory = str_zero(arena, folder);
  const char *draft = path_in(arena, folder, mail->id, ".tmp");
  const char *path = path_in(arena, folder, mail->id, ".eml");
  if (!make_folder(directory)) {
    *fault = strerror(errno);
    return MAIL_LATER;
  }
  int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool written = fd >= 0 && write_all(fd, mail_message(arena, mail));
  int error = errno;
  if (fd >= 0) close(fd);
  if (written && rename(draft, path) == 0 && sync_folder(directory)) return MAIL_SENT;
  *fault = strerror(written ? errno : error);
  return MAIL_LATER;
}

bool mail_folder_ready(Arena *arena, const Config *config, const char **fault) {
  const char *folder = str_zero(arena, config->mail_dir);
  if (config->smtp_url.length > 0) return true;
  if (make_folder(folder) && sync_folder(folder) && access(folder, W_OK | X_OK) == 0) return true;
  *fault = strerror(errno);
  return false;
}

MailOutcome mail_send(Arena *arena, const Config *config, const Mail *mail, const _Atomic bool *urgent,
                      const char **fault) {
  if (!mail_address_valid(mail->to) || !mail_address_valid(mail->from)) {
    *fault = "not an address";
    return MAIL_REFUSED;
  }
  if (config->smtp_url.length == 0) return put_into_folder(arena, config->mail_dir, mail, fault);
  return send_by_smtp(arena, config->smtp_url, mail, urgent, fault);
}
