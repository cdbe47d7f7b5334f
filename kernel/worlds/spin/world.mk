WORLDS += spin
spin_SRCS := kernel/worlds/spin/main.c
spin_CFLAGS := $(WARN)
spin_MANIFEST := kernel/worlds/spin/spin.manifest
