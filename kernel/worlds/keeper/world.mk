WORLDS += keeper
keeper_SRCS := kernel/worlds/keeper/main.c
keeper_CFLAGS := $(WARN)
keeper_MANIFEST := kernel/worlds/keeper/keeper.manifest
