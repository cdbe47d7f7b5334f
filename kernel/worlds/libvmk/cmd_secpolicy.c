/* vmk system secpolicy ...: what worlds may do, and what they were denied. */
#include "worlds/libvmk/handlers.h"

#include <stdio.h>
#include <string.h>

#include "vmkmod/domain.h"
#include <vmkuser/syscall.h>

static void append(char to[CELL_MAX], const char *text)
{
	const size_t used = strlen(to);

	snprintf(to + used, CELL_MAX - used, "%s%s", used ? ", " : "", text);
}

static void add_objects(struct records *out, enum vmk_action action, uint64_t mask)
{
	char text[CELL_MAX] = "";

	for (unsigned i = 0; i < 64; i++) {
		const char *name = domain_object_name(action, i);

		if (mask >> i & 1)
			append(text, name ? name : "unknown");
	}
	records_text(out, "%s", text);
}

static void add_vms(struct records *out, const struct vmk_grants *g)
{
	char text[CELL_MAX] = "";

	if (g->all_vms)
		append(text, "all");
	for (unsigned i = 0; !g->all_vms && i < VMK_GRANT_VMS && g->vms[i][0]; i++)
		append(text, g->vms[i]);
	records_text(out, "%s", text);
}

static void add_rights(struct records *out, uint8_t rights)
{
	char text[CELL_MAX] = "";

	if (rights & VMK_RIGHT_READ)
		append(text, "read");
	if (rights & VMK_RIGHT_WRITE)
		append(text, "write");
	records_text(out, "%s", text);
}

static uint64_t denials(const struct vmk_info_domain *domain)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < VMK_ACTIONS_MAX; i++)
		sum += domain->denials[i];
	return sum;
}

static void add_domain(struct records *out, const struct vmk_info_domain *domain)
{
	const struct vmk_grants *g = &domain->grants;

	records_text(out, "%s", domain->name);
	records_text(out, "enforcing");
	records_number(out, domain->worlds);
	add_objects(out, VMK_ACTION_SYSCALL, g->syscalls);
	add_rights(out, g->port);
	add_rights(out, g->tty);
	records_bool(out, g->config != 0);
	add_objects(out, VMK_ACTION_LOG, g->logs);
	add_objects(out, VMK_ACTION_INFO, g->info);
	add_objects(out, VMK_ACTION_CONTROL, g->control);
	add_vms(out, g);
	records_number(out, g->memory_limit_kib ? g->memory_limit_kib : DOMAIN_MEMORY_KIB);
	records_number(out, g->handles ? g->handles : DOMAIN_HANDLES);
	records_number(out, g->log_rate ? g->log_rate : DOMAIN_LOG_RATE);
	records_text(out, g->cpu_shares ? "%u" : "normal", (unsigned)g->cpu_shares);
	records_text(out, g->cpu_limit ? "%u %%" : "none", (unsigned)g->cpu_limit);
	records_number(out, denials(domain));
}

int cmd_secpolicy_domain_list(struct call *call)
{
	struct vmk_info_domain domain;

	for (unsigned i = 0; next_record(call, VMK_INFO_DOMAIN, i, &domain, sizeof(domain)); i++)
		add_domain(call->out, &domain);
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}

int cmd_account_list(struct call *call)
{
	struct vmk_info_account account;

	call->out->note = "Nobody is asked who he is: the host's configuration names no account.";
	for (unsigned i = 0; next_record(call, VMK_INFO_ACCOUNT, i, &account, sizeof(account));
		i++) {
		records_text(call->out, "%s", account.name);
		records_text(call->out, account.control ? "control" : "read");
	}
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}

int cmd_secpolicy_denial_list(struct call *call)
{
	struct vmk_info_domain domain;

	call->out->note = "nothing was denied";
	for (unsigned i = 0; next_record(call, VMK_INFO_DOMAIN, i, &domain, sizeof(domain)); i++) {
		for (unsigned action = 0; action < VMK_ACTIONS_MAX; action++) {
			const char *name = domain_action_name(action);

			if (!domain.denials[action])
				continue;
			records_text(call->out, "%s", domain.name);
			records_text(call->out, "%s", name ? name : "unknown");
			records_number(call->out, domain.denials[action]);
		}
	}
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}
