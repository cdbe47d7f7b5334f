# The TXT platform emulator: the pure model, the Bochs plugin, the SINIT stand-in, the launcher.
TXTSIM := tboot-integration/txtsim
TXTSIM_MODEL := $(addprefix $(TXTSIM)/model/,platform.c faults.c heap.c digest.c acm.c events.c evlog.c \
	tpmcmd.c mle.c getsec.c sinit.c tis.c acpi.c)
TXTSIM_BOCHS := $(addprefix $(TXTSIM)/bochs/,plugin.c identity.c cpu.c wake.c memory.c firmware.c \
	swtpm.c stamp.c)

HOST_PROGRAMS += mksinit txtsim
mksinit_SRCS := $(addprefix $(TXTSIM)/,sinit/mksinit.c sinit/acmwrite.c model/acm.c model/digest.c)
mksinit_LIBS := -lcrypto
txtsim_SRCS := $(addprefix $(TXTSIM)/run/,main.c options.c config.c process.c tpmstate.c keyhash.c \
	platform.c console.c bochs.c inject.c) $(addprefix $(TXTSIM)/qemu/,machine.c arguments.c probe.c \
	qmp.c) $(addprefix $(TXTSIM)/model/,acm.c digest.c events.c faults.c)
txtsim_LIBS := -lcrypto -ljansson

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

PRODUCTS += $(TXTSIM_PLUGIN) $(B)/sinit.bin
.PHONY: txtsim
txtsim: $(B)/bin/txtsim $(TXTSIM_PLUGIN) $(B)/sinit.bin
