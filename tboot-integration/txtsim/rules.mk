# The TXT platform emulator: the pure model, the Bochs plugin, the SINIT stand-in, the launcher.
TXTSIM := tboot-integration/txtsim
TXTSIM_MODEL := $(addprefix $(TXTSIM)/model/,platform.c faults.c heap.c digest.c acm.c events.c evlog.c \
	tpmcmd.c mle.c getsec.c sinit.c tis.c dump.c acpi.c lcp.c lcplist.c \
	ownerpolicy.c) kernel/lib/hex.c
TXTSIM_BOCHS := $(TXTSIM)/swtpm/client.c $(addprefix $(TXTSIM)/bochs/,plugin.c identity.c cpu.c \
	wake.c memory.c firmware.c swtpm.c stamp.c vmx_count.c)
TXTSIM_QEMU := $(TXTSIM)/swtpm/client.c $(TXTSIM)/model/acpifind.c $(addprefix $(TXTSIM)/qemu/,\
	machine.c arguments.c probe.c qmp.c gdb.c pciproxy.c mleimage.c guest.c sites.c cpu.c edge.c)

HOST_PROGRAMS += mksinit txtsim
mksinit_SRCS := $(addprefix $(TXTSIM)/,sinit/mksinit.c sinit/acmwrite.c model/acm.c model/digest.c)
mksinit_LIBS := -lcrypto
txtsim_SRCS := $(addprefix $(TXTSIM)/run/,main.c options.c config.c process.c tpmstate.c keyhash.c \
	platform.c console.c bochs.c emulators.c buildid.c inject.c medium.c) $(TXTSIM_QEMU) $(TXTSIM_MODEL)
txtsim_LIBS := -lcrypto -ljansson -lz

# Bochs' own headers are not packaged: its symbols are resolved when Bochs loads the plugin.
TXTSIM_PLUGIN := $(B)/lib/libbx_txtsim.so
TXTSIM_PLUGIN_OBJS := $(patsubst %.c,$(B)/obj/plugin/%.o,$(TXTSIM_MODEL) $(TXTSIM_BOCHS))
$(B)/obj/plugin/%.o: %.c
	@mkdir -p $(@D)
	$(CC_HOST) $(filter-out -fPIE,$(HOST_CFLAGS)) -fPIC -fvisibility=hidden -MMD -MP -c $< -o $@
$(TXTSIM_PLUGIN): $(TXTSIM_PLUGIN_OBJS)
	@mkdir -p $(@D)
	$(CC_HOST) -shared -Wl,-z,relro,-z,now -Wl,--build-id=none -fuse-ld=lld-19 -o $@ $^ -lcrypto

# The test key that signs SINIT is made once per checkout; TXT.PUBLIC.KEY shows its hash.
SINIT_KEY := $(B)/keys/sinit.key
SINIT_DATE := 20261120
$(SINIT_KEY):
	@mkdir -p $(@D)
	openssl genrsa -out $@.new 2048 2>/dev/null && mv $@.new $@
$(B)/sinit.bin: $(SINIT_KEY) $(B)/bin/mksinit
	$(B)/bin/mksinit $(SINIT_KEY) $(SINIT_DATE) $@

# What the installed program finds beside itself: bin/txtsim, lib/libbx_txtsim.so, lib/txtsim/.
TXTSIM_PARTS := $(addprefix $(B)/lib/txtsim/,mkiso vmkbootcfg sinit.bin tboot.elf)
$(B)/lib/txtsim/mkiso: tboot-integration/image/mkiso
$(B)/lib/txtsim/vmkbootcfg: $(B)/bin/vmkbootcfg
$(B)/lib/txtsim/sinit.bin: $(B)/sinit.bin
$(B)/lib/txtsim/tboot.elf: $(B)/tboot.elf
$(TXTSIM_PARTS):
	@mkdir -p $(@D)
	cp $< $@

# Preloaded into the emulators: what each mends stands in its source.
TXTSIM_PRELOADS := $(addprefix $(B)/lib/txtsim/,quarantine.so display_port.so)
$(B)/lib/txtsim/quarantine.so: $(B)/obj/plugin/$(TXTSIM)/qemu/quarantine.o
$(B)/lib/txtsim/display_port.so: $(B)/obj/plugin/$(TXTSIM)/bochs/display_port.o
$(TXTSIM_PRELOADS):
	@mkdir -p $(@D)
	$(CC_HOST) -shared -Wl,-z,relro,-z,now -Wl,--build-id=none -fuse-ld=lld-19 -o $@ $^

PRODUCTS += $(TXTSIM_PLUGIN) $(TXTSIM_PRELOADS) $(B)/sinit.bin $(TXTSIM_PARTS)
TXTSIM_ALL := $(B)/bin/txtsim $(B)/bin/mksinit $(TXTSIM_PLUGIN) $(TXTSIM_PRELOADS) $(TXTSIM_PARTS)
.PHONY: txtsim install-txtsim
txtsim: $(TXTSIM_ALL)
PREFIX ?= /usr/local
install-txtsim: $(TXTSIM_ALL)
	install -D -t $(DESTDIR)$(PREFIX)/bin $(B)/bin/txtsim $(B)/bin/mksinit
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib $(TXTSIM_PLUGIN)
	install -D -t $(DESTDIR)$(PREFIX)/lib/txtsim $(addprefix $(B)/lib/txtsim/,mkiso vmkbootcfg)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/txtsim $(TXTSIM_PRELOADS) $(addprefix $(B)/lib/txtsim/,sinit.bin tboot.elf)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 $(TXTSIM)/txtsim.1
