#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/process.h"
#include "tboot-integration/txtsim/run/run.h"

/* It takes a moment, unless the machine is busy with other things. */
#define SWTPM_WAIT_S 120

static bool has_state(const char *directory)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/tpm2-00.permall", directory) >= PATH_MAX)
		return false;
	return access(path, R_OK | W_OK) == 0;
}

void tpm_state_prepare(const struct run_options *o)
{
	const char *setup[] = {"swtpm_setup", "--tpm2", "--tpmstate", o->tpm_state, "--pcr-banks",
		"sha1,sha256", "--create-ek-cert", "--overwrite", NULL};

	if (has_state(o->tpm_state))
		return;
	if (o->tpm_state_given)
		fail("there is no TPM state in %s: make it with swtpm_setup or provision-tpm",
			o->tpm_state);
	if (mkdir(o->tpm_state, 0755) && errno != EEXIST)
		fail("cannot make %s: %s", o->tpm_state, strerror(errno));
	if (process_run(o->workdir, "swtpm_setup.log", setup) == 0)
		return;
	/* Its certificate authority may be missing or not writable: a TPM without certificates. */
	setup[6] = "--overwrite";
	setup[7] = NULL;
	if (process_run(o->workdir, "swtpm_setup.log", setup) != 0 || !has_state(o->tpm_state))
		fail("swtpm_setup failed: see %s/swtpm_setup.log (apt-get install swtpm-tools)",
			o->workdir);
}

pid_t tpm_start(const struct run_options *o)
{
	char state[PATH_MAX + 4], socket_path[PATH_MAX];
	const char *argv[] = {"swtpm", "socket", "--tpm2", "--tpmstate", state, "--ctrl",
		"type=unixio,path=swtpm.sock", "--log", "file=swtpm.log,level=1", NULL};
	struct stat info;
	int status;
	pid_t pid;

	snprintf(state, sizeof(state), "dir=%s", o->tpm_state);
	workdir_path(socket_path, o, "swtpm.sock");
	unlink(socket_path);
	pid = process_start(o->workdir, "swtpm.out", argv);
	for (double end = process_now() + SWTPM_WAIT_S; process_now() < end; process_nap()) {
		if (stat(socket_path, &info) == 0 && S_ISSOCK(info.st_mode))
			return pid;
		if (waitpid(pid, &status, WNOHANG) == pid) {
			if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_PROGRAM)
				fail("swtpm is not installed: apt-get install swtpm");
			fail("swtpm ended at once: see %s/swtpm.log; is another one using %s?",
				o->workdir, o->tpm_state);
		}
	}
	process_stop(pid);
	fail("swtpm did not open its socket in %s", o->workdir);
}
