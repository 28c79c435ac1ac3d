// User-Agents by their marks. The first row whose mark occurs wins, so that the more telling ones stand first: a
// browser names those it wants to pass for as well.
#include "shared/agent.h"

#include <string.h>

typedef struct Mark {
  const char *mark;
  const char *name;
} Mark;

static const Mark devices[] = {
    {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "Chromebook"}, {"Macintosh", "Mac"},
    {"Windows NT", "PC"}, {"X11", "PC"},    {"okhttp", "Android"},  {"Expo", "Phone"},      {"CFNetwork", "iPhone"},
    {NULL, ""},
};

static const Mark systems[] = {
    {"iPhone", "iOS"},      {"iPad", "iPadOS"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Mac OS X", "macOS"},
    {"Windows", "Windows"}, {"Linux", "Linux"}, {"okhttp", "Android"},  {"Darwin", "iOS"},    {NULL, ""},
};

static const Mark browsers[] = {
    {"Edg", "Edge"},
    {"OPR/", "Opera"},
    {"YaBrowser", "Yandex Browser"},
    {"SamsungBrowser", "Samsung Internet"},
    {"Firefox/", "Firefox"},
    {"FxiOS/", "Firefox"},
    {"CriOS/", "Chrome"},
    {"HeadlessChrome/", "Chrome"},
    {"Chrome/", "Chrome"},
    {"Safari/", "Safari"},
    {"curl/", "curl"},
    {"okhttp", "App"},
    {"Expo", "App"},
    {"CFNetwork", "App"},
    {NULL, ""},
};

static const char *find(const Mark *marks, Str agent) {
  while (marks->mark != NULL && memmem(agent.at, agent.length, marks->mark, strlen(marks->mark)) == NULL) ++marks;
  return marks->name;
}

Agent agent_read(Str user_agent) {
  if (user_agent.length == 0) user_agent = STR(" ");
  return (Agent){find(devices, user_agent), find(systems, user_agent), find(browsers, user_agent)};
}
