WORLDS += fault
fault_SRCS := kernel/worlds/fault/main.c
fault_CFLAGS := $(WARN)
fault_MANIFEST := kernel/worlds/fault/fault.manifest
