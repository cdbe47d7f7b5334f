/* The TPM of the machine in Bochs. */
#include "tboot-integration/txtsim/swtpm/client.h"

#include "tboot-integration/txtsim/bochs/plugin.h"

static struct swtpm swtpm = {.die = edge_die, .answered = stamp_tpm};

void tpm_connect(const char *control_socket)
{
	swtpm_connect(&swtpm, control_socket);
}

void tpm_seed(uint64_t seed)
{
	swtpm.seeded = true;
	swtpm.random_state = seed;
}

int tpm_command(void *ctx, unsigned locality, const uint8_t *command, size_t size,
	uint8_t *response, size_t response_max)
{
	return swtpm_command(&swtpm, locality, command, size, response, response_max);
}

bool tpm_hash(void *ctx, const void *data, size_t size)
{
	return swtpm_hash(&swtpm, data, size);
}

void tpm_resume(void)
{
	if (swtpm_resume(&swtpm)) {
		edge_log("TPM2_Startup(STATE) done");
		return;
	}
	edge_log("the TPM's state was not saved before sleep");
	tpm_power_on();
}

void tpm_power_on(void)
{
	swtpm_power_on(&swtpm);
	edge_log("TPM2_Startup(CLEAR) done");
	if (!edge.tpm_disabled)
		return;
	swtpm_disable(&swtpm);
	edge_log("TPM disabled: owner and endorsement hierarchies are off");
}
