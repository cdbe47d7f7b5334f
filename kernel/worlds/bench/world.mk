# For `build.sh bench hardening`; in no image.
WORLDS += bench
bench_SRCS := kernel/worlds/bench/main.c
bench_CFLAGS := $(WARN)
bench_MANIFEST := kernel/worlds/bench/bench.manifest
