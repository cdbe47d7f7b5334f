include tests/boot/guests/rules.mk

# Programs that only tests use.
HOST_PROGRAMS += vmkflood
vmkflood_SRCS := tests/boot/flood.c

# Launch control policies by the distribution's tools: a new key for each set.
$(B)/tests/lcp/stamp: tests/unit/lcp_vectors $(TBOOT)/usr/sbin/lcp2_crtpol
	tests/unit/lcp_vectors $(TBOOT)/usr/sbin $(@D) && touch $@
HOST_PROGRAMS += vmksecret
vmksecret_SRCS := tests/boot/secret.c kernel/mem/ptable.c
HOST_PROGRAMS += vmkscreen
vmkscreen_SRCS := tests/boot/screen.c kernel/vmkdev/surface.c kernel/vmkdev/font.c

# The scheduler's core beside other structures, and simulated (tests/bench).
HOST_PROGRAMS += vmkbench-sched
vmkbench-sched_SRCS := tests/bench_sched.c tests/bench_sched_peers.c kernel/replay/sched_sim.c tests/unit/shim/sched_space.c \
	tests/unit/shim/panic.c kernel/lib/lock.c $(addprefix kernel/sched/, queue.c turns.c fair.c reserve.c \
	limit.c group.c runq.c sched.c service.c lend.c settings.c event.c turns_check.c invariants.c \
	invariants_queue.c invariants_groups.c invariants_watch.c)
vmkbench-sched_LIBS := -lm

HOST_PROGRAMS += vmkleak
vmkleak_SRCS := tests/boot/leak.c

# Event logs for another program to replay, too (tests/interop/event_logs.sh).
HOST_PROGRAMS += vmkevlogs
vmkevlogs_SRCS := tests/interop/event_logs.c kernel/trust/evlog_write.c
