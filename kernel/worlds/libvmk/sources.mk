# The command table and what serves it; pure, for worlds and host programs alike.
LIBVMK_SRCS := $(wildcard kernel/worlds/libvmk/*.c) kernel/sched/stats.c kernel/vmkmod/domain.c \
	$(addprefix kernel/trust/,evlog_read.c audit_read.c txtheap.c) \
	$(addprefix tboot-integration/txtstat/,errorcode.c registers.c heap.c status.c tbootlog.c)
