# The driver of tests/boot/violations.sh, which packs and signs it once for each case.

include signing/package.mk

VIOLATE_SRCS := kernel/vmkdev/drivers/violate/main.c kernel/vmkdev/drivers/runtime.c kernel/lib/str.c
$(eval $(call module,violate,$(VIOLATE_SRCS:%.c=$(KB)/obj/%.o)))
