# The image builder.
HOST_PROGRAMS += vmkimage
vmkimage_SRCS := tboot-integration/image/vmkimage.c tboot-integration/image/bootcfg.c \
	tboot-integration/image/grubcfg.c
