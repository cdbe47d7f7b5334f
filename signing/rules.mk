# vmksign and the development keys. How packages are built: package.mk.

include signing/package.mk

HOST_PROGRAMS += vmksign
vmksign_SRCS := signing/vmksign.c signing/keys.c signing/build.c signing/inspect.c signing/vm_image.c signing/account.c signing/dryrun.c \
	signing/crypto.c signing/token.c signing/engine.c signing/file.c \
	kernel/vmkmod/package.c kernel/vmkmod/manifest.c kernel/vmkmod/manifest_text.c kernel/vmkmod/parameters.c \
	kernel/vmkmod/domain.c kernel/vmkmod/verify.c \
	kernel/vmkmod/admission.c kernel/vmkmod/load_policy.c kernel/lib/hex.c kernel/trust/security.c \
	kernel/boot/options.c tboot-integration/image/bootcfg.c \
	kernel/lib/keyval.c kernel/vmkvm/image.c kernel/vmkuser/accounts.c kernel/port/mbedtls/zeroize.c
vmksign_LIBS := -lcrypto
# What the reader of accounts calls; all other cryptography here is OpenSSL's.
$(eval $(call mbedtls_host_lib,tool-lib,host,HOST_CFLAGS,CC_HOST))
$(B)/bin/vmksign: $(patsubst %,$(B)/tool-lib/mbedtls/%.o,base64 constant_time)

# Development keys are made once and kept, also by `make clean`: another key would be another root.
$(KEYS)/root.der: | $(B)/bin/vmksign
	@mkdir -p $(@D)
	$(B)/bin/vmksign certificate --role root --type rsa3072 --name "Merlon development root" --out $(KEYS)/root
$(KEYS)/intermediate.der: | $(KEYS)/root.der
	$(B)/bin/vmksign certificate --role intermediate --type rsa3072 --name "Merlon development intermediate" \
		--level Certified --issuer $(KEYS)/root.pem --issuer-key $(KEYS)/root.key --out $(KEYS)/intermediate
# The provider that the development packages name. A certificate from before providers were named is made anew,
# for the same key.
$(KEYS)/provider.name: | $(KEYS)/intermediate.der
	echo Merlon >$@
$(KEYS)/provider.der: $(KEYS)/provider.name | $(KEYS)/intermediate.der
	$(B)/bin/vmksign certificate --role provider --name "Merlon development provider" --provider $$(cat $<) \
		$$([ -f $(KEYS)/provider.key ] && echo --key $(KEYS)/provider.key || echo --type rsa3072) \
		--level PartnerSupported --issuer $(KEYS)/intermediate.pem --issuer-key $(KEYS)/intermediate.key \
		--out $(KEYS)/provider

# The kernel takes exactly these roots: two while one is being replaced (`make ROOTS="OLD.der NEW.der"`).
ROOTS ?= $(KEYS)/root.der
# Which they are, so that another choice is noticed.
$(shell [ "$$(cat $(KB)/roots.list 2>/dev/null)" = "$(ROOTS)" ] || { mkdir -p $(KB) && echo "$(ROOTS)" >$(KB)/roots.list; })
$(KB)/roots.der: $(ROOTS) $(KB)/roots.list
	cat $(ROOTS) >$@
$(KB)/obj/kernel/vmkmod/root.o: $(KB)/roots.der
KFLAGS_kernel/vmkmod/root.S := -DROOTS_FILE='"$(KB)/roots.der"'

# The host's configuration, of which the kernel has one at each boot.
$(eval $(call package,config,tboot-integration/image/config.manifest,tboot-integration/image/host.cfg))
