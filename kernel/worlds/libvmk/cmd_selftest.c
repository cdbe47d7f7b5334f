/* vmk selftest ... */
#include "worlds/libvmk/handlers.h"

int cmd_selftest_hardening(struct call *call)
{
	static const char *const names[] = {[VMK_HARDENING_ABSENT] = "absent",
		[VMK_HARDENING_HOLDS] = "holds",
		[VMK_HARDENING_FAILS] = "FAILS"};
	struct vmk_info_hardening row;
	int status = 0;

	for (unsigned i = 0; next_record(call, VMK_INFO_HARDENING, i, &row, sizeof(row)); i++) {
		bool known = row.state < sizeof(names) / sizeof(names[0]);

		records_text(call->out, "%s", row.name);
		records_text(call->out, "%s", known ? names[row.state] : "unknown");
		records_text(call->out, "%s", row.rule);
		records_text(call->out, "%s", row.found);
		if (!known || row.state == VMK_HARDENING_FAILS)
			status = 1;
	}
	return status;
}
