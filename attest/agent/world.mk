# The agent as a user world (kernel/worlds/rules.mk).
WORLDS += agent
agent_SRCS := attest/wire/coap.c attest/wire/cbor.c attest/wire/tap.c \
	$(addprefix attest/agent/,server.c body.c answers.c bucket.c echo.c siphash.c config.c \
	world/main.c world/net.c world/say.c) $(LIBNET_SRCS) $(LWIP_SRCS)
agent_CFLAGS := -Ikernel -Iattest $(LWIP_CFLAGS)
agent_MANIFEST := attest/agent/agent.manifest
$(B)/worlds/obj/agent/attest/%.o $(B)/worlds/obj/agent/kernel/%.o: agent_CFLAGS += $(WARN)
