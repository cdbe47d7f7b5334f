# Intel's gigabit controllers: three modules of one shared part and one file each.

include signing/package.mk

INTEL_SHARED := $(wildcard kernel/vmkdev/drivers/intel/*.c) kernel/vmkdev/drivers/runtime.c \
	kernel/lib/str.c
define intel_driver
$$(eval $$(call module,$(1),$$(patsubst %.c,$$(KB)/obj/%.o,\
	$$(INTEL_SHARED) $$(wildcard kernel/vmkdev/drivers/$(1)/*.c))))
$$(eval $$(call package,$(1),kernel/vmkdev/drivers/$(1)/$(1).manifest,$$(B)/modules/$(1).elf))
endef
$(foreach d,e1000 e1000e igb,$(eval $(call intel_driver,$(d))))
