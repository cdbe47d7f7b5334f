# A VMX world without devices, for tests of the kernel's side, and its guests.
WORLDS += tinyvmx
tinyvmx_SRCS := kernel/worlds/tinyvmx/main.c
tinyvmx_CFLAGS := $(WARN)
tinyvmx_MANIFEST := kernel/worlds/tinyvmx/tinyvmx.manifest
TINY_GUESTS := $(patsubst kernel/worlds/tinyvmx/guests/%.S,%,$(wildcard kernel/worlds/tinyvmx/guests/*.S))
# Not powered on at the end of the boot:
TINY_LATER := eater round secret spy keeper
# As large as LARGE_MEMORY and OVERCOMMITTED_MEMORY of guest.h say, and larger than a test's machine;
# in KiB. Only the eater is promised nothing.
tiny_memory = $(if $(filter $1,secret spy),65536,$(if $(filter $1,greedy),1048576,$(if $(filter $1,eater),262144,4096)))
$(B)/vms/%.bin: kernel/worlds/tinyvmx/guests/%.S kernel/worlds/tinyvmx/guests/guest.h kernel/worlds/tinyvmx/guests/macros.inc
	@mkdir -p $(@D)
	clang-19 --target=i386-none-elf -I. -c -o $(@:.bin=.o) $<
	$(KLD) -m elf_i386 --oformat binary -Ttext 0x7c00 -o $@ $(@:.bin=.o)
$(B)/vms/%.manifest: kernel/worlds/tinyvmx/guest.manifest kernel/worlds/tinyvmx/world.mk
	@mkdir -p $(@D)
	sed 's/@NAME@/$*/; s/@AUTOSTART@/$(if $(filter $*,$(TINY_LATER)),no,yes)/; s/@MEMORY@/$(call tiny_memory,$*)/; s/@RESERVED@/$(if $(filter $*,eater),0,$(call tiny_memory,$*))/' $< >$@
.PHONY: tiny-guests
tiny-guests: $(TINY_GUESTS:%=$(B)/packages/guest-%.pkg)
