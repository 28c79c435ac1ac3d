# Builds everything of foyer with GNU make alone. The products, all under $(BUILD):
#   make                 foyer, the server (release)
#   make tools           protocol_server, draw_halls and fast_clock.so
#   make unit            the unit tests, tests/<layer>/<name>_test
#   make sim             the simulation, tests/sim/sim; make nightly runs it without end, make nightly_storms the storms over
#                        several servers
#   make bench_programs  the load generator
#   make fuzz            the fuzz targets (with clang, in build-fuzz)
#   make tidy            clang-tidy over all sources, remembered a file
#   make up              two servers, a balancer and databases in containers (packaging/compose.yaml); make logs, make down
#   make SANITIZE=address|thread ...   the same with sanitizers, in build-asan or build-tsan
# Variables: BUILD, CC, SANITIZE, CFLAGS, LDFLAGS (added last), WERROR=1 (warnings are errors), V=1 (show commands).

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:

ifeq ($(origin CC),default)
CC := gcc
endif
SANITIZE ?=
WERROR ?=
V ?=
# Says in one line what is being made, in place of the command: $(call say,word,file).
say = $(if $(V),,@printf '  %-8s %s\n' $(1) $(2);)
BUILD ?= $(if $(SANITIZE),build-$(patsubst address,asan,$(patsubst thread,tsan,$(SANITIZE))),build)

# Flags.

LIBRARIES := libuv liburing openssl zlib sqlite3 libpq liboath libcurl libqrencode libsodium libcrypt hiredis
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wwrite-strings \
  -Wvla -Wformat=2 -Wimplicit-fallthrough $(if $(findstring clang,$(CC)),-Wno-string-conversion) $(if $(WERROR),-Werror)
LLHTTP_INCLUDE := -isystem /usr/share/include -isystem /usr/share/include/llhttp
# Debian 12 carries llhttp as sources; where there are none, its library is linked.
LLHTTP_SOURCES := /usr/share/llhttp
llhttp_files := $(wildcard $(LLHTTP_SOURCES)/*.c)

ifeq ($(SANITIZE),)
GCC_LTO := $(if $(findstring clang,$(CC)),,-flto=auto)
# Fat objects: the server is linked as a whole, the many small tests without that cost.
OPTIMIZE := -O2 -g -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fPIE \
  $(if $(GCC_LTO),$(GCC_LTO) -ffat-lto-objects)
LINK := -pie -Wl,-z,relro,-z,now
LINK_FOYER := $(GCC_LTO) -O2
LINK_SMALL := $(if $(GCC_LTO),-fno-lto)
else ifeq ($(SANITIZE),address)
OPTIMIZE := -O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
LINK := -fsanitize=address,undefined
else ifeq ($(SANITIZE),thread)
OPTIMIZE := -O1 -g1 -fno-omit-frame-pointer -fsanitize=thread
LINK := -fsanitize=thread
else ifeq ($(SANITIZE),fuzz)
OPTIMIZE := -O1 -g1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
LINK := -fsanitize=fuzzer,address,undefined
else
$(error SANITIZE is "$(SANITIZE)"; it may be address or thread)
endif

# The many small programs are linked with gold where there is one: in a quarter of the time.
LINK_SMALL := $(LINK_SMALL) $(if $(shell command -v ld.gold),-fuse-ld=gold)

LIBRARY_CFLAGS := $(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null)
LIBRARY_LIBS := $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null)
LANGUAGE := -std=c17 -D_GNU_SOURCE -Isrc $(LLHTTP_INCLUDE) $(LIBRARY_CFLAGS)
COMPILE = $(CC) $(LANGUAGE) $(OPTIMIZE) $(CFLAGS) -MMD -MP
LINK_LIBS := -Wl,--as-needed $(LIBRARY_LIBS) $(if $(llhttp_files),,-lllhttp) -lpthread -lm

# Sources.

LAYERS := shared core models methods subscriptions effects controllers commands
sources_of = $(sort $(wildcard src/$(1)/*.c))
objects_of = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(call sources_of,$(1)))
llhttp_objects := $(patsubst $(LLHTTP_SOURCES)/%.c,$(BUILD)/obj/llhttp/%.o,$(llhttp_files))
migration_object := $(BUILD)/obj/migrations.o
page_object := $(BUILD)/obj/page_assets.o
archive = $(BUILD)/obj/$(1).a
support_sources := $(sort $(wildcard tests/support/*.c))
SOURCES := $(foreach layer,$(LAYERS),$(call sources_of,$(layer))) $(wildcard src/registry.c src/main.c)

.PHONY: all tools unit sim nightly nightly_storms fuzz fuzz_targets tidy format up down logs clean
all: $(BUILD)/foyer
tools: $(BUILD)/protocol_server $(BUILD)/draw_halls $(BUILD)/fast_clock.so

# Objects are made again when the way they are compiled changes: this file holds that way.
FLAGS_FILE := $(BUILD)/obj/flags
flags_now := $(COMPILE) $(WARNINGS) $(LINK)
ifneq ($(MAKECMDGOALS),clean)
ifneq ($(flags_now),$(file <$(FLAGS_FILE)))
ignored := $(shell mkdir -p $(dir $(FLAGS_FILE)))
$(file >$(FLAGS_FILE),$(flags_now))
endif
endif

$(BUILD)/obj/%.o: src/%.c $(FLAGS_FILE)
	@mkdir -p $(@D)
	$(call say,compile,$<)$(COMPILE) $(WARNINGS) -c $< -o $@

$(BUILD)/obj/tests/%.o: tests/%.c $(FLAGS_FILE)
	@mkdir -p $(@D)
	$(call say,compile,$<)$(COMPILE) -Itests $(WARNINGS) -c $< -o $@

$(BUILD)/obj/tools/%.o: tools/%.c $(FLAGS_FILE)
	@mkdir -p $(@D)
	$(call say,compile,$<)$(COMPILE) $(WARNINGS) -c $< -o $@

$(BUILD)/obj/llhttp/%.o: $(LLHTTP_SOURCES)/%.c $(FLAGS_FILE)
	@mkdir -p $(@D)
	$(call say,compile,$<)$(COMPILE) -w -c $< -o $@

$(BUILD)/obj/%.o: $(BUILD)/%.c $(FLAGS_FILE)
	@mkdir -p $(@D)
	$(call say,compile,$<)$(COMPILE) $(WARNINGS) -c $< -o $@

# What is embedded: the schema and the page.

migration_files := $(sort $(wildcard migrations/*.sql)) $(sort $(wildcard migrations/postgres/*.sql))
$(BUILD)/migrations.c: tools/embed_migrations migrations migrations/postgres $(migration_files)
	@mkdir -p $(@D)
	$(call say,embed,migrations)tools/embed_migrations $(migration_files) > $@

page_sources := $(shell test -d web && find web -type d \( -name node_modules -o -name dist \) -prune -o -type f -print)
ifneq ($(wildcard web/package.json),)
page_stamp := web/dist/.built
endif

# One builder at a time, though several makes (release, sanitizers) may want the page at once.
web/dist/.built: $(page_sources)
	@command -v npm > /dev/null || { echo "The page in web/ cannot be built: npm is missing. Install Node.js 18 or later with npm (Debian: apt install nodejs npm), or call ./run build." >&2; exit 1; }
	@mkdir -p web/dist
	flock web/package.json tools/build_page

$(BUILD)/page_assets.c: tools/embed_page.mjs $(page_stamp)
	@mkdir -p $(@D)
	$(call say,embed,web/dist)$(if $(page_stamp),node tools/embed_page.mjs web/dist > $@,tools/embed_nothing > $@)

# Archives: a layer each, so that a test of a layer needs no layer above it.

define archive_rule
$(call archive,$(1)): $(call objects_of,$(1)) $(2)
	@rm -f $$@
	@$$(if $$^,gcc-ar rcs $$@ $$^,ar rcs $$@)
endef
$(foreach layer,shared models methods subscriptions effects commands,$(eval $(call archive_rule,$(layer))))
$(eval $(call archive_rule,core,$(llhttp_objects) $(migration_object)))
$(eval $(call archive_rule,controllers,$(page_object)))
$(BUILD)/obj/registry.a: $(BUILD)/obj/registry.o
	@gcc-ar rcs $@ $^
$(BUILD)/obj/support.a: $(patsubst tests/%.c,$(BUILD)/obj/tests/%.o,$(support_sources))
	@rm -f $@
	@$(if $^,gcc-ar rcs $@ $^,ar rcs $@)

below_shared := $(call archive,shared)
below_core := $(call archive,core) $(below_shared)
below_models := $(call archive,models) $(below_core)
everything := $(foreach layer,registry commands controllers effects subscriptions methods,$(call archive,$(layer))) $(below_models)
group = -Wl,--start-group $(1) -Wl,--end-group

# Programs.

foyer_objects := $(foreach layer,$(LAYERS),$(call objects_of,$(layer))) $(BUILD)/obj/registry.o $(BUILD)/obj/main.o \
  $(llhttp_objects) $(migration_object) $(page_object)
$(BUILD)/foyer: $(foyer_objects)
	$(call say,link,$@)$(CC) $(OPTIMIZE) $(LINK) $(LINK_FOYER) $^ $(LINK_LIBS) $(LDFLAGS) -o $@

protocol_objects := $(patsubst tests/%.c,$(BUILD)/obj/tests/%.o,$(wildcard tests/protocol_*.c))
$(BUILD)/protocol_server: $(protocol_objects) $(below_core)
	$(call say,link,$@)$(CC) $(OPTIMIZE) $(LINK) $(LINK_SMALL) $(protocol_objects) $(call group,$(below_core)) $(LINK_LIBS) $(LDFLAGS) -o $@

draw_halls_objects := $(patsubst src/%.c,$(BUILD)/obj/%.o,$(wildcard src/models/plan*.c src/models/demo_halls*.c))
$(BUILD)/draw_halls: $(BUILD)/obj/tools/draw_halls.o $(draw_halls_objects) $(below_shared)
	$(call say,link,$@)$(CC) $(OPTIMIZE) $(LINK) $(LINK_SMALL) $^ $(LINK_LIBS) $(LDFLAGS) -o $@

$(BUILD)/fast_clock.so: tests/cluster/fast_clock.c $(FLAGS_FILE)
	$(call say,link,$@)$(CC) -std=c17 -D_GNU_SOURCE -O2 -fPIC -shared $(WARNINGS) $< -o $@

# Unit tests: make unit.

unit_tests :=
define unit_rules
unit_tests += $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/$(1)/*_test.c)))
$(BUILD)/tests/$(1)/%_test: $(BUILD)/obj/tests/$(1)/%_test.o $(BUILD)/obj/support.a $(2)
	@mkdir -p $$(@D)
	$$(call say,link,$$@)$$(CC) $$(OPTIMIZE) $$(LINK) $$(LINK_SMALL) $$< $$(call group,$(BUILD)/obj/support.a $(2)) $$(LINK_LIBS) -lcmocka $$(LDFLAGS) -o $$@
endef
$(eval $(call unit_rules,shared,$(below_shared)))
$(eval $(call unit_rules,core,$(below_core)))
$(eval $(call unit_rules,models,$(below_models)))
$(foreach layer,methods subscriptions effects controllers commands,$(eval $(call unit_rules,$(layer),$(everything))))
# Tests of faults stand between our code and what may fail (tests/support/faults.h).
$(BUILD)/tests/%_faults_test: private LDFLAGS += -Wl,--wrap=sqlite3_step,--wrap=PQsendPrepare,--wrap=PQsendQueryParams,--wrap=PQsendQueryPrepared,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=posix_memalign
unit: $(unit_tests)

# The simulation: make sim. It has a disk, a provider and couriers of its own (tests/sim).

sim_objects := $(patsubst tests/%.c,$(BUILD)/obj/tests/%.o,$(sort $(wildcard tests/sim/*.c)))
sim: $(BUILD)/tests/sim/sim
$(BUILD)/tests/sim/sim: $(sim_objects) $(BUILD)/obj/support.a $(everything)
	@mkdir -p $(@D)
	$(call say,link,$@)$(CC) $(OPTIMIZE) $(LINK) $(LINK_SMALL) $(sim_objects) $(call group,$(BUILD)/obj/support.a $(everything)) $(LINK_LIBS) $(LDFLAGS) -o $@
# Without end, from a seed of the day on.
nightly: $(BUILD)/tests/sim/sim
	$< --forever $$(date +%Y%m%d)0000000

# Likewise tests/cluster, five times as long each.
nightly_storms: all tools
	seed=$$(date +%Y%m%d)00; while SEED=$$seed ROUNDS=5 FOYER=$(BUILD)/foyer tests/cluster/inside node --test tests/cluster/storm.test.mjs; \
	  do seed=$$((seed + 1)); done; false

# Fuzz targets: make fuzz.

fuzz:
	$(MAKE) SANITIZE=fuzz CC=clang BUILD=build-fuzz fuzz_targets
fuzz_targets: $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(sort $(wildcard tests/fuzz/*_fuzz.c)))
$(BUILD)/%_fuzz: $(BUILD)/obj/tests/fuzz/%_fuzz.o $(below_models)
	$(call say,link,$@)$(CC) $(OPTIMIZE) $(LINK) $< $(call group,$(below_models)) $(LINK_LIBS) -o $@

include bench/build.mk

# Readers of the sources.

# The analyzer walks a third of the usual number of paths through a function: it comes to the same blocks, and the time is
# nearly all its own.
TIDY_PATHS := -Xclang -analyzer-config -Xclang max-nodes=75000
tidy: $(patsubst %.c,$(BUILD)/tidy/%.ok,$(SOURCES))
$(BUILD)/tidy/%.ok: %.c .clang-tidy
	@mkdir -p $(@D)
	$(call say,tidy,$<)clang-tidy --quiet --warnings-as-errors='*' $< -- $(LANGUAGE) $(TIDY_PATHS) -Wno-unknown-warning-option
	@touch $@

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

# The venue in containers; PROFILE=watch adds Prometheus and Grafana.
COMPOSE ?= docker compose
compose = $(COMPOSE) --file packaging/compose.yaml
up:
	$(compose) $(addprefix --profile ,$(PROFILE)) up --build --detach --wait
down:
	$(compose) --profile watch down
logs:
	$(compose) --profile watch logs --follow --tail 100

clean:
	rm -rf build build-asan build-tsan build-fuzz

-include $(shell test -d $(BUILD)/obj && find $(BUILD)/obj -name '*.d')
