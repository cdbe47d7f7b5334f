# How a package is made; included by every rules.mk that makes one.

KEYS := $(B)/keys

# $(eval $(call package,NAME,MANIFEST,PAYLOAD)): build/packages/NAME.pkg, signed with the
# development key.
define package
$(B)/packages/$(1).pkg: $(2) $(3) $(KEYS)/root.der | $(B)/bin/vmksign
	@mkdir -p $$(@D)
	$(B)/bin/vmksign package --manifest $(2) --payload $(3) --key $(KEYS)/signer.key \
		--cert $(KEYS)/signer.pem --out $$@
PRODUCTS += $(B)/packages/$(1).pkg
endef
