# Drivers of nothing, which `build.sh bench hardening` loads; no boot.cfg names them.

include signing/package.mk

NOTHING_DIR := kernel/vmkdev/drivers/nothing
nothing_objects = $(patsubst %.c,$(KB)/obj/%.o,$(NOTHING_DIR)/$(1).c kernel/vmkdev/drivers/runtime.c kernel/lib/str.c)
$(foreach m,small large,$(eval $(call module,$(m),$(call nothing_objects,$(m)))))
$(foreach m,small large,$(eval $(call package,$(m),$(NOTHING_DIR)/$(m).manifest,$(B)/modules/$(m).elf)))
