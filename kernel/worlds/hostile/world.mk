# One program, packed once for each of its cases.
WORLDS += hostile
hostile_SRCS := kernel/worlds/hostile/main.c kernel/worlds/hostile/attacks.c \
	kernel/worlds/hostile/calls.c kernel/worlds/hostile/generator.c kernel/worlds/hostile/hogs.c \
	kernel/worlds/hostile/raw_call.S
hostile_CFLAGS := $(WARN) -mno-red-zone -Wno-infinite-recursion
# It means to have instructions that no other world may have.
hostile_UNCHECKED := yes
hostile_CASES := $(shell sed -n 's/^\tX.\([a-z_0-9]*\),.*/\1/p' kernel/worlds/hostile/attacks.h)
# How many random system calls a package makes; COUNT-SEED has the same again.
HOSTILE_CALLS ?= 1000000 100000
hostile_HOGS := $(shell sed -n 's/^\tX(\([a-z]*\)).*/hog-\1/p' kernel/worlds/hostile/hogs.h)
