# The e1000 driver: module and package.

include signing/package.mk

E1000_SRCS := $(wildcard kernel/vmkdev/drivers/e1000/*.c) kernel/vmkdev/drivers/runtime.c \
	kernel/lib/str.c
$(eval $(call module,e1000,$(E1000_SRCS:%.c=$(KB)/obj/%.o)))
$(eval $(call package,e1000,kernel/vmkdev/drivers/e1000/e1000.manifest,$(B)/modules/e1000.elf))
