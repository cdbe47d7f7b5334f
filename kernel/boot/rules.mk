# The kernel's image: linked twice, so that it carries its own symbol table, then put into the ELF32
# container that tboot and GRUB load.

HOST_PROGRAMS += vmkimage
vmkimage_SRCS := kernel/boot/tools/vmkimage.c

KLDFLAGS := -pie -Bsymbolic --no-dynamic-linker -z text -z noexecstack -z max-page-size=4096 \
	-z norelro --pack-dyn-relocs=relr --apply-dynamic-relocs --build-id=none --gc-sections \
	--no-undefined --orphan-handling=error -T kernel/boot/image.ld

$(KB)/symbols-none.o: kernel/boot/tools/symbols.S
	@mkdir -p $(@D)
	$(KCC) $(REPRO) -c $< -o $@
$(KB)/symbols.o: kernel/boot/tools/symbols.S $(KB)/symbols.bin
	$(KCC) $(REPRO) -DSYMBOLS_FILE='"$(KB)/symbols.bin"' -c $< -o $@
$(KB)/symbols.bin: $(KB)/first.elf $(B)/bin/vmkimage
	$(B)/bin/vmkimage symbols $< $@

$(KB)/first.elf $(KB)/image.elf: $$(KERNEL_OBJS) $$(KERNEL_LIBS) kernel/boot/image.ld
$(KB)/first.elf: $(KB)/symbols-none.o
	$(KLD) $(KLDFLAGS) -o $@ $(filter %.o,$^) --start-group $(KERNEL_LIBS) --end-group
$(KB)/image.elf: $(KB)/symbols.o
	$(KLD) $(KLDFLAGS) -o $@ $(filter %.o,$^) --start-group $(KERNEL_LIBS) --end-group
# What boots; image.elf beside it has the debugging information.
$(KB)/vmkernel.elf: $(KB)/image.elf $(B)/bin/vmkimage
	$(B)/bin/vmkimage container $< $@
	@$(B)/bin/vmkimage symbols $< $(KB)/check.bin && cmp $(KB)/check.bin $(KB)/symbols.bin
