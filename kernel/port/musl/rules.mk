# musl for user worlds: built out of tree from the unpacked Debian source, with syscall_arch.h
# replaced by calls into libvmkuser. The generic C sources are taken everywhere: musl's assembly for
# x86-64 has no landing pads, and some of it makes Linux system calls.

MUSL_OUT := $(B)/musl
# What worlds may use: no files, sockets, processes, threads or signals.
MUSL_DIRS := ctype env errno exit fenv internal locale malloc malloc/mallocng math misc mman \
	multibyte prng search stdio stdlib string thread time unistd
# Left out: thread cancellation and creation (clone), and what needs files or processes.
MUSL_OMIT := thread/pthread_cancel thread/pthread_create thread/clone \
	malloc/oldmalloc stdio/popen misc/wordexp misc/forkpty misc/openpty misc/initgroups
MUSL_OMIT_OBJS := $(MUSL_OMIT:%=$(MUSL_OUT)/obj/src/%.o)
MUSL_OBJS := $(filter-out $(MUSL_OMIT_OBJS),$(patsubst $(MUSL)/%.c,$(MUSL_OUT)/obj/%.o, \
	$(foreach d,$(MUSL_DIRS),$(wildcard $(MUSL)/src/$(d)/*.c)) $(MUSL)/src/signal/block.c \
	$(MUSL)/src/signal/raise.c $(MUSL)/src/network/htonl.c $(MUSL)/src/network/htons.c \
	$(MUSL)/src/network/ntohl.c $(MUSL)/src/network/ntohs.c))

MUSL_CFLAGS := --target=x86_64-linux-musl -std=c99 -ffreestanding -nostdinc -O2 -g -fPIE -w \
	-fcf-protection=full -fno-jump-tables -fno-strict-aliasing -frounding-math -fomit-frame-pointer \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections $(REPRO) \
	-D_XOPEN_SOURCE=700 -Ikernel/port/musl/arch -I$(MUSL)/arch/x86_64 -I$(MUSL)/arch/generic \
	-I$(MUSL_OUT)/obj/src/internal -I$(MUSL)/src/include -I$(MUSL)/src/internal \
	-I$(MUSL_OUT)/obj/include -I$(MUSL)/include

MUSL_GENERATED := $(MUSL_OUT)/obj/include/bits/alltypes.h $(MUSL_OUT)/obj/include/bits/syscall.h \
	$(MUSL_OUT)/obj/src/internal/version.h

$(MUSL_OUT)/obj/include/bits/alltypes.h: $(MUSL)/arch/x86_64/bits/alltypes.h.in
	@mkdir -p $(@D)
	sed -f $(MUSL)/tools/mkalltypes.sed $< $(MUSL)/include/alltypes.h.in > $@
$(MUSL_OUT)/obj/include/bits/syscall.h: $(MUSL)/arch/x86_64/bits/syscall.h.in
	@mkdir -p $(@D)
	sed -n 'p;s/__NR_/SYS_/p' $< > $@
$(MUSL_OUT)/obj/src/internal/version.h: $(MUSL)/VERSION
	@mkdir -p $(@D)
	echo "#define VERSION \"$$(cat $<)\"" > $@

$(MUSL_OUT)/obj/%.o: $(MUSL)/%.c kernel/port/musl/arch/syscall_arch.h kernel/port/musl/rules.mk \
		| $(MUSL_GENERATED)
	@mkdir -p $(@D)
	@clang-19 $(MUSL_CFLAGS) -c $< -o $@

$(MUSL_OUT)/lib/libc.a: $(MUSL_OBJS)
	@mkdir -p $(@D)
	@rm -f $@
	@llvm-ar-19 rcsD $@ $^
$(MUSL_OUT)/lib/Scrt1.o: $(MUSL_OUT)/obj/crt/crt1.o
	@mkdir -p $(@D)
	cp $< $@

# The headers that worlds include: generic ones first, then what x86-64 has of its own.
$(MUSL_OUT)/include/.done: kernel/port/musl/rules.mk $(MUSL_GENERATED)
	@mkdir -p $(@D)/bits
	cp -R $(MUSL)/include/. $(@D)/
	cp $(MUSL)/arch/generic/bits/*.h $(@D)/bits/
	cp $(MUSL)/arch/x86_64/bits/*.h $(@D)/bits/
	cp $(MUSL_OUT)/obj/include/bits/*.h $(@D)/bits/
	@touch $@

.PHONY: musl
musl: $(MUSL_OUT)/lib/libc.a $(MUSL_OUT)/lib/Scrt1.o $(MUSL_OUT)/include/.done
