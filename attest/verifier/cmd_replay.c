/* vmkverify replay: appraise recorded evidence again, under this or another policy. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/session.h"

static bool load(struct session *s, const char *path, struct fault *fault)
{
	struct bytes text;
	bool ok;

	if (!file_read(&text, path, 2 * EVIDENCE_FILE_MAX))
		return fault_local(fault, REASON_STATE, path, strerror(errno));
	ok = evidence_parse(&s->evidence, text.data, text.size, fault);
	bytes_free(&text);
	return ok || fault_of_file(fault, path);
}

int cmd_replay(const struct options *o)
{
	struct session *s = must_alloc(1, sizeof(*s));
	struct fault fault = {0};
	int status;

	s->store.lock = -1;
	if (load(s, o->file, &fault) && session_open(s, o, s->evidence.host, &fault)) {
		session_appraise(s, true, -1);
		status = session_report(s, o, true, -1);
	} else {
		status = command_failed(o, &fault);
	}
	session_close(s);
	free(s);
	return status;
}
