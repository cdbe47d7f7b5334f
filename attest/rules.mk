# Attestation: both ends.

# --- wire codec and agent
WIRE_SRCS := attest/wire/coap.c attest/wire/cbor.c attest/wire/tap.c
AGENT_SRCS := $(WIRE_SRCS) $(addprefix attest/agent/,server.c body.c answers.c bucket.c echo.c siphash.c)
HOST_PROGRAMS += vmkagent-host
vmkagent-host_SRCS := $(AGENT_SRCS) attest/agent/host/main.c attest/agent/host/tpm.c
vmkagent-host_LIBS := -ltss2-esys -ltss2-mu -ltss2-tctildr -lcrypto

# --- verifier
VERIFIER_SRCS := kernel/trust/evlog_read.c kernel/trust/audit_read.c kernel/lib/keyval.c kernel/lib/hex.c $(WIRE_SRCS) attest/wire/exchange.c \
	$(addprefix attest/verifier/,reason.c fault.c bytes.c evidence.c events.c replay.c firmware.c semantics.c \
	policy.c key.c quote.c host.c align.c hints.c explain.c covers.c cpu.c audit.c auditlist.c appraise.c ek.c credential.c client.c \
	fetch.c hostfile.c store.c signature.c chain.c head.c headfile.c verdict.c checkquote.c)
HOST_PROGRAMS += vmkverify
vmkverify_SRCS := $(VERIFIER_SRCS) $(addprefix attest/verifier/,main.c session.c cmd_enroll.c \
	cmd_attest.c cmd_replay.c cmd_show.c cmd_log.c)
vmkverify_LIBS := -ltss2-mu -lcrypto -ljansson
# What tests and the benchmark appraise: the history of a host made of paper.
FIXTURE_SRCS := $(VERIFIER_SRCS) tests/vectors/fixture.c
HOST_PROGRAMS += vmkpaper
vmkpaper_SRCS := $(FIXTURE_SRCS) tests/vectors/paper.c
vmkpaper_LIBS := $(vmkverify_LIBS)
HOST_PROGRAMS += vmkextend
vmkextend_SRCS := attest/verifier/bytes.c kernel/lib/hex.c tests/vectors/extend.c
vmkextend_LIBS := -ltss2-esys -ltss2-tctildr -lcrypto
HOST_PROGRAMS += vmkverify-bench
vmkverify-bench_SRCS := $(FIXTURE_SRCS) attest/verifier/bench/main.c
vmkverify-bench_LIBS := $(vmkverify_LIBS)
