// Calendar arithmetic without libc's time zone machinery, and the machine's own clock and dice. Any thread.
#include "shared/time.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static const int64_t day_ms = 86400000;
static const int64_t earliest_ms = -62167219200000;  // 0000-01-01T00:00:00.000Z
static const int64_t latest_ms = 253402300799999;    // 9999-12-31T23:59:59.999Z

typedef struct Moment {
  unsigned year, month, day;  // month and day from 1
  unsigned weekday;           // 0 is Sunday
  unsigned hour, minute, second, millisecond;
} Moment;

// Proleptic Gregorian calendar. Counted from 1 March of year 0 the leap day is the last day of its year, so that the
// months' lengths follow one rule: five months of 31, 30, 31, 30, 31 days make 153.
static void set_date(Moment *moment, int64_t days_since_1970) {
  const unsigned days_to_1970 = 719468;  // from 0000-03-01
  const unsigned days_of_400_years = 146097;
  // One cycle more keeps January and February of year 0 positive.
  unsigned days = (unsigned)(days_since_1970 + days_to_1970 + days_of_400_years);
  unsigned cycle = days / days_of_400_years;
  unsigned day = days % days_of_400_years;
  unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  day -= year * 365 + year / 4 - year / 100;
  unsigned month = (day * 5 + 2) / 153;  // 0 is March
  moment->day = day - (month * 153 + 2) / 5 + 1;
  moment->month = month < 10 ? month + 3 : month - 9;
  moment->year = cycle * 400 + year + (month >= 10) - 400;
}

static Moment moment_of(int64_t time_ms) {
  if (time_ms < earliest_ms) time_ms = earliest_ms;
  if (time_ms > latest_ms) time_ms = latest_ms;
  int64_t days = time_ms / day_ms - (time_ms % day_ms < 0);
  unsigned of_day_ms = (unsigned)(time_ms - days * day_ms);
  Moment moment = {
      .weekday = (unsigned)((days + 719534) % 7),  // so many days before 1970 was a Sunday, before year 0
      .hour = of_day_ms / 3600000,
      .minute = of_day_ms / 60000 % 60,
      .second = of_day_ms / 1000 % 60,
      .millisecond = of_day_ms % 1000,
  };
  set_date(&moment, days);
  return moment;
}

// Writes the last `count` decimal digits of `value`.
static void put_digits(char *at, unsigned value, int count) {
  while (count-- > 0) {
    at[count] = (char)('0' + value % 10);
    value /= 10;
  }
}

void time_iso(int64_t time_ms, char out[TIME_ISO_BYTES]) {
  Moment moment = moment_of(time_ms);
  memcpy(out, "0000-00-00T00:00:00.000Z", TIME_ISO_BYTES);
  put_digits(out, moment.year, 4);
  put_digits(out + 5, moment.month, 2);
  put_digits(out + 8, moment.day, 2);
  put_digits(out + 11, moment.hour, 2);
  put_digits(out + 14, moment.minute, 2);
  put_digits(out + 17, moment.second, 2);
  put_digits(out + 20, moment.millisecond, 3);
}

void time_http(int64_t time_ms, char out[TIME_HTTP_BYTES]) {
  static const char weekdays[] = "SunMonTueWedThuFriSat";
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  Moment moment = moment_of(time_ms);
  memcpy(out, "Sun, 00 Jan 0000 00:00:00 GMT", TIME_HTTP_BYTES);
  memcpy(out, weekdays + (size_t)moment.weekday * 3, 3);
  put_digits(out + 5, moment.day, 2);
  memcpy(out + 8, months + (size_t)(moment.month - 1) * 3, 3);
  put_digits(out + 12, moment.year, 4);
  put_digits(out + 17, moment.hour, 2);
  put_digits(out + 20, moment.minute, 2);
  put_digits(out + 23, moment.second, 2);
}

// Takes exactly `count` decimal digits off the front.
static bool take_digits(Str *text, int count, unsigned *value) {
  *value = 0;
  if (text->length < (size_t)count) return false;
  for (int i = 0; i < count; i++) {
    char c = text->at[i];
    if (c < '0' || c > '9') return false;
    *value = *value * 10 + (unsigned)(c - '0');
  }
  *text = (Str){text->at + count, text->length - (size_t)count};
  return true;
}

static bool take_char(Str *text, char c) {
  if (text->length == 0 || text->at[0] != c) return false;
  *text = (Str){text->at + 1, text->length - 1};
  return true;
}

// The inverse of set_date.
static int64_t days_of(unsigned year, unsigned month, unsigned day) {
  unsigned from_march = month > 2 ? month - 3 : month + 9;
  unsigned march_year = year + 400 - (month <= 2);
  unsigned days = march_year * 365 + march_year / 4 - march_year / 100 + march_year / 400;
  return (int64_t)(days + (from_march * 153 + 2) / 5 + day - 1) - 719468 - 146097;
}

static bool take_seconds(Str *text, Moment *moment) {
  if (!take_char(text, ':')) return true;
  if (!take_digits(text, 2, &moment->second)) return false;
  if (!take_char(text, '.')) return true;
  unsigned digit;
  unsigned worth = 100;
  if (!take_digits(text, 1, &digit)) return false;
  do {
    moment->millisecond += digit * worth;
    worth /= 10;
  } while (take_digits(text, 1, &digit));
  return true;
}

// "Z" or an offset, as what must be taken off.
static bool take_zone(Str *text, int64_t *offset_ms) {
  unsigned hours;
  unsigned minutes;
  *offset_ms = 0;
  if (take_char(text, 'Z')) return true;
  bool west = take_char(text, '-');
  if (!west && !take_char(text, '+')) return false;
  if (!take_digits(text, 2, &hours) || !take_char(text, ':') || !take_digits(text, 2, &minutes)) return false;
  *offset_ms = ((int64_t)hours * 60 + minutes) * 60000 * (west ? -1 : 1);
  return hours < 24 && minutes < 60;
}

static bool is_moment(const Moment *moment, int64_t days) {
  Moment same = {0};
  if (moment->month < 1 || moment->month > 12 || moment->day < 1 || moment->day > 31) return false;
  set_date(&same, days);  // 31 April would be another day
  return same.month == moment->month && same.day == moment->day && moment->hour < 24 && moment->minute < 60 &&
         moment->second < 60;
}

bool time_from_iso(Str text, int64_t *time_ms) {
  Moment moment = {0};
  int64_t offset_ms;
  bool read = take_digits(&text, 4, &moment.year) && take_char(&text, '-') && take_digits(&text, 2, &moment.month) &&
              take_char(&text, '-') && take_digits(&text, 2, &moment.day) && take_char(&text, 'T') &&
              take_digits(&text, 2, &moment.hour) && take_char(&text, ':') && take_digits(&text, 2, &moment.minute) &&
              take_seconds(&text, &moment) && take_zone(&text, &offset_ms) && text.length == 0;
  if (!read) return false;
  int64_t days = days_of(moment.year, moment.month, moment.day);
  if (!is_moment(&moment, days)) return false;
  int64_t of_day_s = ((int64_t)moment.hour * 60 + moment.minute) * 60 + moment.second;
  *time_ms = days * day_ms + of_day_s * 1000 + moment.millisecond - offset_ms;
  return true;
}

static int64_t system_now_ms(void *state) {
  (void)state;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void system_random(void *state, void *bytes, size_t count) {
  (void)state;
  char *at = bytes;
  while (count > 0) {
    ssize_t got = getrandom(at, count, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) abort();  // a kernel without randomness: no secret of ours would be one
    at += got;
    count -= (size_t)got;
  }
}

Env env_system(void) {
  return (Env){.now_ms = system_now_ms, .random = system_random};
}
