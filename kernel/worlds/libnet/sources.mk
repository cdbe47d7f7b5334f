# What a world that speaks IP is built from, besides lwIP (kernel/port/lwip).
include kernel/port/lwip/sources.mk
LIBNET_SRCS := $(addprefix kernel/worlds/libnet/,address.c link.c)
