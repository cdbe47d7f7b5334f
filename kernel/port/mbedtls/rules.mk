# mbedTLS, verify only: one archive for the kernel, one instrumented archive each for unit tests and
# fuzz targets, all from the same unedited sources and the same configuration.

MBEDTLS_SRCS := asn1parse asn1write base64 bignum bignum_core bignum_mod bignum_mod_raw constant_time \
	ecdsa ecp ecp_curves md oid pk pk_wrap pkcs5 pkcs7 pkparse platform platform_util \
	pk_ecc rsa rsa_alt_helpers sha1 sha256 sha512 x509 x509_crl x509_crt
MBEDTLS_CONFIG := -DMBEDTLS_CONFIG_FILE='"port/mbedtls/config.h"'
# For our own sources that call it: its headers are not ours to fix.
MBEDTLS_CALLER := $(MBEDTLS_CONFIG) -isystem $(MBEDTLS)/include
MBEDTLS_PORT_INC := $(MBEDTLS_CONFIG) -I$(MBEDTLS)/include -I$(MBEDTLS)/library

# What calls mbedTLS, in every profile.
MBEDTLS_CALLERS := kernel/vmkuser/accounts kernel/worlds/console/derive kernel/trust/signature kernel/trust/hash kernel/port/mbedtls/zeroize \
	kernel/port/mbedtls/sha256_block fuzz/models/rsa_memo
$(foreach s,$(MBEDTLS_CALLERS),$(eval KFLAGS_$(s).c := $(MBEDTLS_CALLER)))
$(foreach s,$(MBEDTLS_CALLERS),$(eval HOST_CFLAGS_$(subst /,_,$(s)) := $(MBEDTLS_CALLER)))
$(MBEDTLS_CALLERS:%=$(B)/obj/test/%.o): TEST_CFLAGS += $(MBEDTLS_CALLER)
$(MBEDTLS_CALLERS:%=$(B)/obj/fuzz/%.o): FUZZ_CFLAGS += $(MBEDTLS_CALLER)
$(MBEDTLS_CALLERS:%=$(B)/obj/fuzz-edges/%.o): EDGES_CFLAGS += $(MBEDTLS_CALLER)
$(MBEDTLS_CALLERS:%=$(B)/obj/fuzz-lean/%.o): LEAN_CFLAGS += $(MBEDTLS_CALLER)
$(MBEDTLS_CALLERS:%=$(B)/obj/plain/%.o): PLAIN_CFLAGS += $(MBEDTLS_CALLER)

$(KB)/obj/mbedtls/%.o: $(MBEDTLS)/library/%.c kernel/port/mbedtls/config.h
	@mkdir -p $(@D)
	$(KCC) $(KERNEL_PORT_CFLAGS) $(MBEDTLS_PORT_INC) -c $< -o $@
# GnuTLS's copy of the SHA-256 block function in assembly, the same everywhere.
SHA256_BLOCK := $(GNUTLS)/lib/accelerated/x86/elf/sha256-ssse3-x86_64.s
$(KB)/obj/mbedtls/sha256-x86_64.o: $(SHA256_BLOCK)
	@mkdir -p $(@D)
	$(KCC) -Wno-unused-command-line-argument -c $< -o $@
$(KB)/libmbedtls.a: $(MBEDTLS_SRCS:%=$(KB)/obj/mbedtls/%.o) $(KB)/obj/kernel/port/mbedtls/zeroize.o \
		$(KB)/obj/kernel/port/mbedtls/sha256_block.o $(KB)/obj/mbedtls/sha256-x86_64.o
	rm -f $@
	llvm-ar-19 rcsD $@ $^
KERNEL_LIBS += $(KB)/libmbedtls.a

# $(1): where, $(2): profile of our own objects, $(3): its flags, $(4): its compiler; the sources keep
# their warnings.
define mbedtls_host_lib
$(B)/$(1)/mbedtls/%.o: $(MBEDTLS)/library/%.c kernel/port/mbedtls/config.h
	@mkdir -p $$(@D)
	$$($(4)) $$(filter-out $$(WARN),$$($(3))) -w $$(MBEDTLS_PORT_INC) -c $$< -o $$@
$(B)/$(1)/mbedtls/sha256-x86_64.o: $(SHA256_BLOCK)
	@mkdir -p $$(@D)
	$$($(4)) -c $$< -o $$@
$(B)/$(1)/libmbedtls.a: $(MBEDTLS_SRCS:%=$(B)/$(1)/mbedtls/%.o) \
		$(B)/obj/$(2)/kernel/port/mbedtls/zeroize.o $(B)/obj/$(2)/kernel/port/mbedtls/heap_host.o \
		$(B)/obj/$(2)/kernel/port/mbedtls/sha256_block.o \
		$(B)/obj/$(2)/kernel/port/mbedtls/vector_host.o \
		$(B)/$(1)/mbedtls/sha256-x86_64.o
	rm -f $$@
	llvm-ar-19 rcsD $$@ $$^
endef
$(eval $(call mbedtls_host_lib,host-lib,test,TEST_CFLAGS,CC_HOST))
# For fuzz targets what calculates is built as models are: its comparisons and branches are none that
# anything is to be learnt from, and with sanitizers it was nine tenths of the time of what verifies
# signatures. Every other process of a campaign has all of it instrumented (fuzz-compared-lib).
$(eval $(call mbedtls_host_lib,fuzz-lib,fuzz-edges,EDGES_CFLAGS,CC_HOST))
$(eval $(call mbedtls_host_lib,fuzz-compared-lib,fuzz-edges,EDGES_CFLAGS,CC_HOST))
MBEDTLS_CALCULATES := bignum bignum_core bignum_mod bignum_mod_raw constant_time ecp ecp_curves sha1 sha256 sha512
$(MBEDTLS_CALCULATES:%=$(B)/fuzz-lib/mbedtls/%.o): EDGES_CFLAGS = $(PLAIN_CFLAGS)
$(MBEDTLS_SRCS:%=$(B)/fuzz-lib/mbedtls/%.o): kernel/port/mbedtls/rules.mk
