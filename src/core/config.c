// The options: reading them from the environment and `.env`, and printing what there is.
#include "core/config.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum OptionKind {
  OPTION_NUMBER,
  OPTION_SECONDS,
  OPTION_REAL,
  OPTION_FLAG,
  OPTION_TEXT,
  OPTION_SECRET
} OptionKind;

typedef struct Option {
  const char *name;
  OptionKind kind;
  const char *standard;
  int64_t min;
  int64_t max;
  const char *prose;
  size_t offset;  // of the member in Config
} Option;

static const Option options[] = {
#define X(member, name, kind, standard, min, max, prose) \
  {name, OPTION_##kind, standard, min, max, prose, offsetof(Config, member)},
    OPTION_TABLE(X)
#undef X
};

enum { OPTION_COUNT = sizeof options / sizeof options[0], FILE_BYTES_MAX = 256 * 1024 };

// A whole small file; empty and *fault set when it cannot be read.
static Str read_file(Arena *arena, const char *path, const char **fault) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    *fault = strerror(errno);
    return (Str){0};
  }
  char *bytes = arena_alloc(arena, FILE_BYTES_MAX);
  size_t length = fread(bytes, 1, FILE_BYTES_MAX, file);
  if (ferror(file) || length == FILE_BYTES_MAX) *fault = ferror(file) ? "cannot be read" : "is too large";
  fclose(file);
  return (Str){bytes, length};
}

static Str unquote(Str value) {
  bool quoted =
      value.length >= 2 && (value.at[0] == '"' || value.at[0] == '\'') && value.at[value.length - 1] == value.at[0];
  return quoted ? (Str){value.at + 1, value.length - 2} : value;
}

// The value of a name in a `.env` text; false when it is not there. The last line that names it wins.
static bool find_in_env_file(Str text, Str name, Str *value) {
  bool found = false;
  while (text.length > 0) {
    Str line = str_trim(str_cut(&text, '\n'));
    if (line.length == 0 || line.at[0] == '#') continue;
    if (str_starts(line, STR("export "))) line = str_trim((Str){line.at + 7, line.length - 7});
    Str key = str_trim(str_cut(&line, '='));
    if (!str_equal(key, name)) continue;
    *value = unquote(str_trim(line));
    found = true;
  }
  return found;
}

static bool find_value(Arena *arena, Str env_file, const char *name, Str *value) {
  const char *set = getenv(name);
  if (set == NULL) return find_in_env_file(env_file, str_from(name), value);
  *value = str_copy(arena, str_from(set));
  return true;
}

static bool find_secret_file(Arena *arena, Str env_file, const Option *option, Str *value, FILE *faults) {
  Text name = {.arena = arena};
  text_format(&name, "%s_FILE", option->name);
  Str path;
  if (!find_value(arena, env_file, str_zero(arena, text_str(&name)), &path) || path.length == 0) return true;
  const char *fault = NULL;
  *value = str_trim(read_file(arena, str_zero(arena, path), &fault));
  if (fault != NULL) fprintf(faults, "%.*s=%.*s: %s\n", STR_ARG(text_str(&name)), STR_ARG(path), fault);
  return fault == NULL;
}

static bool read_flag(Str value, bool *out) {
  static const char *const words[] = {"0", "off", "false", "no", "1", "on", "true", "yes"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (!str_equal_nocase(value, str_from(words[i]))) continue;
    *out = i >= 4;
    return true;
  }
  return false;
}

static bool set_decimal(const Option *option, Str value, void *member, FILE *faults) {
  bool seconds = option->kind == OPTION_SECONDS;
  double number = 0;
  double scale = seconds ? 1000 : 1;
  if (!str_to_double(value, &number) || number * scale < (double)option->min || number * scale > (double)option->max) {
    fprintf(faults, "%s=%.*s: must be a number from %g to %g\n", option->name, STR_ARG(value),
            (double)option->min / scale, (double)option->max / scale);
    return false;
  }
  if (seconds) {
    *(int64_t *)member = (int64_t)(number * scale + 0.5);
  } else {
    *(double *)member = number;
  }
  return true;
}

static bool set_option(Config *config, const Option *option, Str value, FILE *faults) {
  void *member = (char *)config + option->offset;
  int64_t number = 0;
  if (option->kind == OPTION_SECONDS || option->kind == OPTION_REAL) return set_decimal(option, value, member, faults);
  if (option->kind == OPTION_NUMBER) {
    if (str_to_int(value, &number) && number >= option->min && number <= option->max) {
      *(int64_t *)member = number;
      return true;
    }
    fprintf(faults, "%s=%.*s: must be a whole number from %lld to %lld\n", option->name, STR_ARG(value),
            (long long)option->min, (long long)option->max);
    return false;
  }
  if (option->kind == OPTION_FLAG) {
    if (read_flag(value, member)) return true;
    fprintf(faults, "%s=%.*s: must be on or off\n", option->name, STR_ARG(value));
    return false;
  }
  *(Str *)member = value;
  if (value.length >= (size_t)option->min && value.length <= (size_t)option->max) return true;
  fprintf(faults, "%s: must have %lld to %lld characters\n", option->name, (long long)option->min,
          (long long)option->max);
  return false;
}

// What an address must begin with, where one is given. It is not shown: it may hold a password.
static bool check_addresses(const Config *config, FILE *faults) {
  const struct {
    const char *name;
    Str value;
    const char *schemes[2];
  } addresses[] = {{"PUBLIC_URL", config->public_url, {"http://", "https://"}},
                   {"COMPANY_LOGO_URL", config->company_logo_url, {"http://", "https://"}},
                   {"REDIS_URL", config->redis_url, {"redis://", "rediss://"}},
                   {"SMTP_URL", config->smtp_url, {"smtp://", "smtps://"}},
                   {"STRIPE_API_BASE", config->stripe_api_base, {"http://", "https://"}}};
  bool good = true;
  for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
    const char *const *schemes = addresses[i].schemes;
    Str value = addresses[i].value;
    if (value.length == 0 || str_starts(value, str_from(schemes[0])) || str_starts(value, str_from(schemes[1])))
      continue;
    fprintf(faults, "%s: must begin with %s or %s\n", addresses[i].name, schemes[0], schemes[1]);
    good = false;
  }
  return good;
}

// "https://shop.example:8443": a scheme and a host, and nothing behind them.
static bool is_origin(Str text) {
  size_t scheme = str_starts(text, STR("https://")) ? 8 : str_starts(text, STR("http://")) ? 7 : 0;
  return scheme > 0 && text.length > scheme && memchr(text.at + scheme, '/', text.length - scheme) == NULL;
}

// A bare address; its domain may be of this network only (tickets@localhost).
static bool is_sender(Str text) {
  const char *at = memchr(text.at, '@', text.length);
  for (size_t i = 0; i < text.length; i++) {
    if ((unsigned char)text.at[i] <= ' ' || strchr("<>,;\"", text.at[i]) != NULL) return false;
  }
  return at != NULL && at != text.at && at != text.at + text.length - 1;
}

static bool check_forms(const Config *config, FILE *faults) {
  bool good = true;
  if (config->mail_from.length > 0 && !is_sender(config->mail_from)) {
    fprintf(faults, "MAIL_FROM=%.*s: must be an address, as tickets@example.com\n", STR_ARG(config->mail_from));
    good = false;
  }
  for (Str rest = config->allowed_origins; rest.length > 0;) {
    Str origin = str_trim(str_cut(&rest, ','));
    if (origin.length == 0 || is_origin(origin)) continue;
    fprintf(faults, "ALLOWED_ORIGINS: \"%.*s\" must be an origin, as https://shop.example\n", STR_ARG(origin));
    good = false;
  }
  return good;
}

bool config_load(Config *config, Arena *arena, FILE *faults) {
  const char *fault = NULL;
  Str env_file = read_file(arena, ".env", &fault);
  bool good = fault == NULL || access(".env", F_OK) != 0;
  if (!good) fprintf(faults, ".env: %s\n", fault);
  for (size_t i = 0; i < OPTION_COUNT; i++) {
    const Option *option = &options[i];
    Str value = str_from(option->standard);
    bool set = find_value(arena, env_file, option->name, &value);
    if (set && value.length == 0) {  // NAME= means: as if it were not there
      value = str_from(option->standard);
      set = false;
    }
    if (!set && option->kind == OPTION_SECRET) good = find_secret_file(arena, env_file, option, &value, faults) && good;
    good = set_option(config, option, value, faults) && good;
  }
  good = check_addresses(config, faults) && good;
  return check_forms(config, faults) && good;
}

void config_print_help(FILE *out) {
  for (size_t i = 0; i < OPTION_COUNT; i++) {
    const Option *option = &options[i];
    fprintf(out, "  %-22s %s", option->name, option->prose);
    if (option->standard[0] != '\0') fprintf(out, " [%s]", option->standard);
    if (option->kind == OPTION_SECRET) fprintf(out, "; or %s_FILE=PATH", option->name);
    fputc('\n', out);
  }
}

void config_print_env_example(FILE *out) {
  fputs("# Options of foyer. Copy to .env and change what you need; the environment wins over this file.\n", out);
  for (size_t i = 0; i < OPTION_COUNT; i++) {
    const Option *option = &options[i];
    fprintf(out, "\n# %s\n#%s=%s\n", option->prose, option->name, option->standard);
    if (option->kind == OPTION_SECRET) fprintf(out, "#%s_FILE=\n", option->name);
  }
}
