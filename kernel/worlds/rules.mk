# User worlds: static-pie programs on our musl and libvmkuser, each packed and signed.
#   WORLDS          names; NAME_SRCS, NAME_CFLAGS, NAME_MANIFEST describe each
#   build/worlds/NAME.elf -> build/packages/NAME.pkg (signing/rules.mk makes the keys)

WORLDS :=
include kernel/worlds/libnet/sources.mk kernel/worlds/libvmk/sources.mk
-include $(sort $(wildcard kernel/worlds/*/world.mk))
-include attest/agent/world.mk

WORLD_CC := clang-19 --target=x86_64-linux-musl -nostdlibinc -isystem $(MUSL_OUT)/include
WORLD_CFLAGS := -std=gnu17 -O2 -g -fPIE -fvisibility=hidden -fcf-protection=full -fno-jump-tables \
	-fstack-protector-strong -ftrivial-auto-var-init=zero -fno-strict-aliasing \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections $(REPRO) \
	-I. -Ikernel/include
# RELRO and RELATIVE relocations are applied by the kernel's loader (vmkmod/elf.h), so the start
# file is the one of a program that need not relocate itself.
WORLD_LDFLAGS := -pie --no-dynamic-linker -z now -z relro -z noexecstack -z text --gc-sections \
	--build-id=none --pack-dyn-relocs=relr --hash-style=gnu

WORLD_LIB := $(B)/worlds/libvmkuser.a
WORLD_LIB_SRCS := $(wildcard kernel/worlds/libvmkuser/*.c kernel/worlds/libvmkuser/*.S)
world_obj = $(patsubst %,$(B)/worlds/obj/$(2)/%.o,$(basename $(1)))

$(WORLD_LIB): $(call world_obj,$(WORLD_LIB_SRCS),libvmkuser)
	@rm -f $@
	llvm-ar-19 rcsD $@ $^

# It runs before there is a thread pointer, and sets it: it cannot have a canary behind that.
libvmkuser_CFLAGS := $(WARN) -fno-stack-protector
define world_objects
$(B)/worlds/obj/$(1)/%.o: %.c kernel/worlds/rules.mk $(MUSL_OUT)/include/.done
	@mkdir -p $$(@D)
	$$(WORLD_CC) $$(WORLD_CFLAGS) $$($(1)_CFLAGS) -MMD -MP -c $$< -o $$@
$(B)/worlds/obj/$(1)/%.o: %.S kernel/worlds/rules.mk
	@mkdir -p $$(@D)
	$$(WORLD_CC) $$(WORLD_CFLAGS) -MMD -MP -c $$< -o $$@
endef
$(foreach w,libvmkuser $(WORLDS),$(eval $(call world_objects,$(w))))

# A world leaves ring 3 in one place only; anything else is a Linux system call that slipped in.
define world_rules
$(B)/worlds/$(1).debug: $(call world_obj,$($(1)_SRCS),$(1)) $(WORLD_LIB) $(MUSL_OUT)/lib/libc.a \
		$(MUSL_OUT)/lib/Scrt1.o kernel/worlds/check-syscalls
	$(KLD) $(WORLD_LDFLAGS) -o $$@ $(MUSL_OUT)/lib/Scrt1.o \
		$(call world_obj,$($(1)_SRCS),$(1)) \
		--start-group $(WORLD_LIB) $(MUSL_OUT)/lib/libc.a --end-group
	$(if $($(1)_UNCHECKED),,kernel/worlds/check-syscalls $$@)
$(B)/worlds/$(1).elf: $(B)/worlds/$(1).debug
	llvm-objcopy-19 --strip-all --strip-sections $$< $$@
endef
$(foreach w,$(WORLDS),$(eval $(call world_rules,$(w))))

# signing/package.mk
include signing/package.mk
$(foreach w,$(WORLDS),$(if $($(w)_MANIFEST),\
	$(eval $(call package,$(w),$($(w)_MANIFEST),$(B)/worlds/$(w).elf))))
# A world with cases is packed once for each.
$(B)/worlds/hostile-%.manifest: kernel/worlds/hostile/hostile.manifest
	@mkdir -p $(@D)
	sed "s/@CASE@/$*/" $< > $@
$(B)/worlds/hostile-calls-%.manifest: kernel/worlds/hostile/calls.manifest
	@mkdir -p $(@D)
	sed "s/@CASE@/calls-$*/" $< > $@
$(B)/worlds/hostile-hog-%.manifest: kernel/worlds/hostile/hog.manifest
	@mkdir -p $(@D)
	sed "s/@CASE@/hog-$*/" $< > $@
$(B)/worlds/hostile-hog-limited.manifest: kernel/worlds/hostile/hog.manifest
	@mkdir -p $(@D)
	{ sed "s/@CASE@/hog-limited/" $< && echo cpu-limit=10; } > $@
hostile_MORE := $(HOSTILE_CALLS:%=calls-%) $(hostile_HOGS)
$(foreach c,$(hostile_CASES) $(hostile_MORE),$(eval $(call package,hostile-$(c),$(B)/worlds/hostile-$(c).manifest,\
	$(B)/worlds/hostile.elf)))

$(foreach g,$(TINY_GUESTS),$(eval $(call vm_package,guest-$(g),$(B)/vms/$(g).manifest,\
	flat=$(B)/vms/$(g).bin)))

.PHONY: worlds hostile-packages
hostile-packages: $(hostile_CASES:%=$(B)/packages/hostile-%.pkg)
worlds: $(WORLDS:%=$(B)/worlds/%.elf)

-include $(shell find $(B)/worlds/obj -name '*.d' 2>/dev/null)
