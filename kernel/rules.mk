# The VMkernel: every C and assembly file of its folders, linked as a 64-bit position-independent
# image and put into the ELF32 Multiboot2 container that tboot and GRUB can load.

KERNEL_DIRS ?= lib boot arch/x86 mem sched vtx trust vmkmod vmkdev vmknet vmkuser vmkvm replay
KERNEL_SRCS += $(foreach d,$(KERNEL_DIRS),$(wildcard kernel/$(d)/*.c kernel/$(d)/*.S))
KERNEL_OBJS = $(patsubst %,$(KB)/obj/%.o,$(basename $(KERNEL_SRCS)))
# Flags of single files: KFLAGS_kernel/boot/relocate.c := -fno-stack-protector
# No loop of the string functions may become a call of itself.
KFLAGS_kernel/lib/str.c := -fno-builtin $(if $(filter gcc,$(COMPILER)),-fno-tree-loop-distribute-patterns)
$(KB)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(KCC) $(KERNEL_CFLAGS) $(KFLAGS_$<) -MMD -MP -c $< -o $@
$(KB)/obj/%.o: %.S
	@mkdir -p $(@D)
	$(KCC) $(filter-out -fsanitize=kcfi,$(KERNEL_CFLAGS)) $(KFLAGS_$<) -D__ASSEMBLY__ -MMD -MP -c $< -o $@

# Third-party sources built in: each port adds its archive to KERNEL_LIBS.
KERNEL_LIBS :=
-include $(sort $(wildcard kernel/port/*/rules.mk))
# Packages: drivers and user worlds, each with its own rules.
-include kernel/boot/rules.mk
-include $(sort $(wildcard kernel/vmkdev/drivers/*/rules.mk))
-include kernel/worlds/rules.mk

.PHONY: kernel
kernel: $(KB)/vmkernel.elf

-include $(shell find $(KB) -name '*.d' 2>/dev/null)
