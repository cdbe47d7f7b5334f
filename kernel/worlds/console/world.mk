# The console: the command table (worlds/libvmk) at a terminal, and lwIP for vmkping.
WORLDS += console
console_SRCS := $(wildcard kernel/worlds/console/*.c) $(LIBVMK_SRCS) $(LIBNET_SRCS) $(LWIP_SRCS) \
	$(LWIP)/src/core/raw.c kernel/lib/keyval.c
console_CFLAGS := -Ikernel -DLWIP_RAW=1 $(LWIP_CFLAGS)
console_MANIFEST := kernel/worlds/console/console.manifest
$(B)/worlds/obj/console/kernel/%.o: console_CFLAGS += $(WARN)
