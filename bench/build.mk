# The load generator and the bare limits, into $(BUILD)/bench: make bench_programs. Included by the root Makefile.
BENCH_WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual \
  -Wwrite-strings -Wvla -Wformat=2 -Wimplicit-fallthrough -Werror
BENCH_CFLAGS := -std=c17 -O2 -g -D_GNU_SOURCE -I. $(BENCH_WARNINGS)
BENCH_SHARED := socket.c
BENCH_LOAD := load.c ask.c durable.c fanout.c idle.c messages.c requests.c seats.c serving.c sio_client.c sockets.c start.c storm.c storm_times.c subscribe.c ws_client.c
BENCH_LIMITS := limits.c limit_send.c limit_sqlite.c limit_statements.c seats.c ws_client.c

.PHONY: bench_programs
bench_programs: $(BUILD)/bench/load $(BUILD)/bench/limits $(BUILD)/bench/line

$(BUILD)/bench/load: $(addprefix bench/,$(BENCH_LOAD) $(BENCH_SHARED)) $(wildcard bench/*.h)
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -o $@ $(filter %.c,$^)

$(BUILD)/bench/limits: $(addprefix bench/,$(BENCH_LIMITS) $(BENCH_SHARED)) $(wildcard bench/*.h)
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -o $@ $(filter %.c,$^) -lsqlite3

# The waiting room's memory as the server has it, by itself.
BENCH_LINE := $(addprefix src/,models/waiting_room.c models/waiting_room_look.c shared/rank_set.c shared/id_map.c \
  shared/arena.c shared/str.c shared/time.c core/log.c)
$(BUILD)/bench/line: bench/line.c bench/socket.c $(BENCH_LINE) $(wildcard src/models/waiting_room*.h src/shared/*.h)
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -Isrc -o $@ $(filter %.c,$^) -luv -lpthread -lm
