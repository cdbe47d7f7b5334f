# The driver of tests/boot/vtd.sh; no boot.cfg names it.

include signing/package.mk

DMAPROBE_SRCS := kernel/vmkdev/drivers/dmaprobe/main.c kernel/vmkdev/drivers/runtime.c kernel/lib/str.c
$(eval $(call module,dmaprobe,$(DMAPROBE_SRCS:%.c=$(KB)/obj/%.o)))
$(eval $(call package,dmaprobe,kernel/vmkdev/drivers/dmaprobe/dmaprobe.manifest,$(B)/modules/dmaprobe.elf))
