# The console: the command table (worlds/libvmk) at a terminal, lwIP for vmkping, and of mbedTLS what
# makes a key of a password.
WORLDS += console
console_SRCS := $(wildcard kernel/worlds/console/*.c) $(LIBVMK_SRCS) $(LIBNET_SRCS) $(LWIP_SRCS) \
	$(LWIP)/src/core/raw.c kernel/lib/keyval.c \
	$(addprefix $(MBEDTLS)/library/,md.c pkcs5.c platform_util.c sha256.c)
console_MBEDTLS := -DMBEDTLS_CONFIG_FILE='"port/mbedtls/world.h"'
console_CFLAGS := -Ikernel -DLWIP_RAW=1 $(LWIP_CFLAGS) $(console_MBEDTLS) -isystem $(MBEDTLS)/include
console_MANIFEST := kernel/worlds/console/console.manifest
$(B)/worlds/obj/console/kernel/%.o: console_CFLAGS += $(WARN)
