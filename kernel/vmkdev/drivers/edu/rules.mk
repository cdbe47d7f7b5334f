# The driver of tests/boot/modules.sh; no boot.cfg names it.

include signing/package.mk

EDU_SRCS := kernel/vmkdev/drivers/edu/main.c kernel/vmkdev/drivers/runtime.c kernel/lib/str.c
$(eval $(call module,edu,$(EDU_SRCS:%.c=$(KB)/obj/%.o)))
$(eval $(call package,edu,kernel/vmkdev/drivers/edu/edu.manifest,$(B)/modules/edu.elf))
