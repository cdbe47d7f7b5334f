# Attestation: both ends.

# --- wire codec and agent
WIRE_SRCS := attest/wire/coap.c attest/wire/cbor.c attest/wire/tap.c
AGENT_SRCS := $(WIRE_SRCS) $(addprefix attest/agent/,server.c body.c answers.c bucket.c echo.c siphash.c)
HOST_PROGRAMS += vmkagent-host
vmkagent-host_SRCS := $(AGENT_SRCS) attest/agent/host/main.c attest/agent/host/tpm.c
vmkagent-host_LIBS := -ltss2-esys -ltss2-mu -ltss2-tctildr -lcrypto

# --- verifier
