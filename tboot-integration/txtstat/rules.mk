# txtstat: Intel TXT in words. The decoders are freestanding: the kernel's console builds them too.
TXTSTAT := tboot-integration/txtstat
TXTSTAT_DECODERS := $(addprefix $(TXTSTAT)/,errorcode.c registers.c heap.c acm.c tbootlog.c eventlog.c \
	status.c) kernel/trust/txtheap.c kernel/trust/evlog_read.c
HOST_PROGRAMS += txtstat
txtstat_SRCS := $(TXTSTAT_DECODERS) $(addprefix $(TXTSTAT)/,main.c source.c print.c) kernel/lib/hex.c
txtstat_LIBS := -lcrypto -ljansson
# Without shared libraries: for any Linux, a rescue system's or an initial RAM disk's.
HOST_PROGRAMS += txtstat-static
txtstat-static_SRCS := $(txtstat_SRCS)
txtstat-static_LIBS := -static-pie -Wno-unused-command-line-argument -Wl,-s $(txtstat_LIBS)
