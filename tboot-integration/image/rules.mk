# The image builder.
HOST_PROGRAMS += vmkbootcfg
vmkbootcfg_SRCS := tboot-integration/image/vmkbootcfg.c tboot-integration/image/bootcfg.c \
	tboot-integration/image/grubcfg.c
