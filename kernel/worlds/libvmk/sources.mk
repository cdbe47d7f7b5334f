# The command table and what serves it; pure, for worlds and host programs alike.
LIBVMK_SRCS := $(wildcard kernel/worlds/libvmk/*.c) kernel/trust/evlog_read.c kernel/trust/txtheap.c \
	$(addprefix tboot-integration/txtstat/,errorcode.c registers.c heap.c status.c tbootlog.c)
