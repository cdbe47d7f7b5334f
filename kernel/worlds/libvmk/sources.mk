# The command table and what serves it; pure, for worlds and host programs alike.
LIBVMK_SRCS := $(wildcard kernel/worlds/libvmk/*.c) kernel/trust/evlog_read.c
