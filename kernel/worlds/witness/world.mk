WORLDS += witness
witness_SRCS := kernel/worlds/witness/main.c
witness_CFLAGS := $(WARN)
witness_MANIFEST := kernel/worlds/witness/witness.manifest
