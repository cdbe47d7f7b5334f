# The guest that `build.sh run` shows: Debian's kernel with busybox at a shell prompt. Not among the
# products, as it is 27 MB to fetch: made when something boots it.
LINUX_GUEST := $(addprefix tests/boot/guests/, guests.sh linux-init linux.manifest)

$(B)/packages/linux.pkg: $(LINUX_GUEST) third-party.lock $(KEYS)/root.der | $(B)/bin/vmksign
	kernel/port/fetch linux busybox
	rm -rf $(B)/vms/linux
	@mkdir -p $(B)/vms/linux $(@D)
	. tests/boot/guests/guests.sh && linux_initrd $(B)/vms/linux/initrd && \
		linux_guest $(B)/vms/linux linux 1
	mv $(B)/vms/linux/linux.pkg $@
