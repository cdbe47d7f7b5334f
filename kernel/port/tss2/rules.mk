# tss2-mu and tss2-sys of tpm2-tss, as one archive.

TSS2_SRCS = $(patsubst $(TSS2)/src/%.c,%,$(wildcard $(TSS2)/src/tss2-mu/*.c \
	$(TSS2)/src/tss2-sys/*.c $(TSS2)/src/tss2-sys/api/*.c))
TSS2_PORT_INC := -Ikernel/port/tss2 -I$(TSS2)/include/tss2 -I$(TSS2)/include -I$(TSS2)/src \
	-I$(TSS2)/src/tss2-sys -I$(TSS2)/src/tss2-mu -I$(TSS2)/src/util

# Our own sources that call it; on hosts <tss2/...> is the distribution's.
TSS2_CALLERS := $(addprefix kernel/trust/,tcti tpm tpm_key quote trust attester info)
$(foreach s,$(TSS2_CALLERS),$(eval KFLAGS_$(s).c := -isystem $(TSS2)/include))

$(KB)/obj/tss2/%.o: $(TSS2)/src/%.c kernel/port/tss2/config.h
	@mkdir -p $(@D)
	$(KCC) $(KERNEL_PORT_CFLAGS) -D__unix__ -DHAVE_CONFIG_H -DMAXLOGLEVEL=0 $(TSS2_PORT_INC) \
		-c $< -o $@
$(KB)/libtss2.a: $(TSS2_SRCS:%=$(KB)/obj/tss2/%.o)
	rm -f $@
	llvm-ar-19 rcsD $@ $^
KERNEL_LIBS += $(KB)/libtss2.a
