# tss2-mu and tss2-sys of tpm2-tss: one archive for the kernel, one instrumented archive for fuzz
# targets, from the same unedited sources.

TSS2_SRCS = $(patsubst $(TSS2)/src/%.c,%,$(wildcard $(TSS2)/src/tss2-mu/*.c \
	$(TSS2)/src/tss2-sys/*.c $(TSS2)/src/tss2-sys/api/*.c))
TSS2_PORT_INC := -Ikernel/port/tss2 -I$(TSS2)/include/tss2 -I$(TSS2)/include -I$(TSS2)/src \
	-I$(TSS2)/src/tss2-sys -I$(TSS2)/src/tss2-mu -I$(TSS2)/src/util

TSS2_FLAGS := -w -D__unix__ -DHAVE_CONFIG_H -DMAXLOGLEVEL=0

# Our own sources that call it; in host programs and unit tests <tss2/...> is the distribution's.
TSS2_CALLER := -isystem $(TSS2)/include
TSS2_CALLERS := $(addprefix kernel/trust/,tcti tpm tpm_key quote trust attester info)
TSS2_TARGETS := $(addprefix fuzz/,fuzz_tpm_boot fuzz_tpm_response models/tpm_line)
$(foreach s,$(TSS2_CALLERS),$(eval KFLAGS_$(s).c := $(TSS2_CALLER)))
$(patsubst %,$(B)/obj/fuzz/%.o,$(TSS2_CALLERS) $(TSS2_TARGETS)): FUZZ_CFLAGS += $(TSS2_CALLER)
$(patsubst %,$(B)/obj/fuzz-lean/%.o,$(TSS2_CALLERS) $(TSS2_TARGETS)): LEAN_CFLAGS += $(TSS2_CALLER)
$(TSS2_TARGETS:%=$(B)/obj/plain/%.o): PLAIN_CFLAGS += $(TSS2_CALLER)

$(KB)/obj/tss2/%.o: $(TSS2)/src/%.c kernel/port/tss2/config.h
	@mkdir -p $(@D)
	$(KCC) $(KERNEL_PORT_CFLAGS) $(TSS2_FLAGS) $(TSS2_PORT_INC) -c $< -o $@
$(KB)/libtss2.a: $(TSS2_SRCS:%=$(KB)/obj/tss2/%.o)
	rm -f $@
	llvm-ar-19 rcsD $@ $^
KERNEL_LIBS += $(KB)/libtss2.a

# $(1): the archive, $(2): its flags, $(3): its compiler; of the commands those that are sent. It takes
# no care of alignment, which no processor of ours asks for.
TSS2_SENT := ActivateCredential CreatePrimary EvictControl Execute FlushContext GetCapability \
	GetContextSize GetRandom Initialize NV_Read NV_ReadPublic PCR_Extend PCR_Read PolicySecret Quote \
	ReadPublic GetRspAuths SetCmdAuths Shutdown StartAuthSession
TSS2_FUZZED = $(filter-out tss2-sys/api/%,$(TSS2_SRCS)) $(TSS2_SENT:%=tss2-sys/api/Tss2_Sys_%)
define tss2_fuzz_lib
$(B)/$(1)/%.o: $(TSS2)/src/%.c kernel/port/tss2/config.h kernel/port/tss2/rules.mk
	@mkdir -p $$(@D)
	$$($(3)) $$(filter-out $$(WARN),$$($(2))) $$(TSS2_FLAGS) -fno-sanitize=alignment \
		$$(TSS2_PORT_INC) -c $$< -o $$@
$(B)/$(1).a: $(TSS2_FUZZED:%=$(B)/$(1)/%.o)
	rm -f $$@
	llvm-ar-19 rcsD $$@ $$^
endef
$(eval $(call tss2_fuzz_lib,fuzz-lib/libtss2,LEAN_CFLAGS,CC_HOST))
# Looks for each command in a list of all of them.
$(B)/fuzz-lib/libtss2/tss2-sys/sysapi_util.o: LEAN_CFLAGS = $(PLAIN_CFLAGS)
# For who sends many commands: without feedback and sanitizers in every other process of a campaign,
# in other builds the same.
$(eval $(call tss2_fuzz_lib,fuzz-lib/libtss2-plain,PLAIN_CFLAGS,CC_HOST))
$(eval $(call tss2_fuzz_lib,fuzz-compared-lib/libtss2,FUZZ_CFLAGS,CC_HOST))
$(B)/fuzz-%-lib/libtss2-plain.a: $(B)/fuzz-%-lib/libtss2.a
	cp $< $@
