#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/run.h"

#define POLL_NSEC       50000000L
#define SWTPM_WAIT_MS   5000
#define KILL_WAIT_MS    2000
#define EXIT_REFUSED    3
#define EXIT_CRASHED    4
#define EXIT_RESET      5
#define EXIT_TIMEOUT    124
#define EXIT_NO_PROGRAM 127
#define TEXT_MAX        512u

/* The serial output as it grows: copied to stdout, searched for a text. */
struct serial {
	int fd;
	char tail[2 * TEXT_MAX];
	size_t kept;
	bool found;
};

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	caught = number;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = POLL_NSEC}, NULL);
}

/* In the child: the workdir, quiet standard streams, death with the parent; then the program. */
static void become(const char *workdir, const char *log, const char *const argv[])
{
	int in = open("/dev/null", O_RDONLY);
	int out;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(workdir))
		_exit(EXIT_NO_PROGRAM);
	out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (in < 0 || out < 0)
		_exit(EXIT_NO_PROGRAM);
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	execvp(argv[0], (char *const *)argv);
	_exit(EXIT_NO_PROGRAM);
}

static pid_t start(const char *workdir, const char *log, const char *const argv[])
{
	pid_t pid = fork();

	if (pid < 0)
		fail("cannot start %s: %s", argv[0], strerror(errno));
	if (pid == 0)
		become(workdir, log, argv);
	return pid;
}

int run_to_end(const char *workdir, const char *log, const char *const argv[])
{
	pid_t pid = start(workdir, log, argv);
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_PROGRAM)
		fail("%s is not installed: apt-get install swtpm swtpm-tools bochs", argv[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void stop(pid_t pid)
{
	int status;

	if (pid <= 0)
		return;
	kill(pid, SIGTERM);
	for (double end = now() + KILL_WAIT_MS / 1e3; now() < end; nap()) {
		if (waitpid(pid, &status, WNOHANG) != 0)
			return;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static void path_below(char to[PATH_MAX], const struct run_options *o, const char *name)
{
	if (snprintf(to, PATH_MAX, "%s/%s", o->workdir, name) >= PATH_MAX)
		fail("the path is too long: %s", o->workdir);
}

static pid_t start_swtpm(const struct run_options *o)
{
	char state[PATH_MAX + 4], socket_path[PATH_MAX];
	const char *argv[] = {"swtpm", "socket", "--tpm2", "--tpmstate", state, "--ctrl",
		"type=unixio,path=swtpm.sock", "--log", "file=swtpm.log,level=1", NULL};
	struct stat info;
	int status;
	pid_t pid;

	snprintf(state, sizeof(state), "dir=%s", o->tpm_state);
	path_below(socket_path, o, "swtpm.sock");
	unlink(socket_path);
	pid = start(o->workdir, "swtpm.out", argv);
	for (double end = now() + SWTPM_WAIT_MS / 1e3; now() < end; nap()) {
		if (stat(socket_path, &info) == 0 && S_ISSOCK(info.st_mode))
			return pid;
		if (waitpid(pid, &status, WNOHANG) == pid) {
			if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_PROGRAM)
				fail("swtpm is not installed: apt-get install swtpm");
			fail("swtpm ended at once: see %s/swtpm.log; is another one using %s?",
				o->workdir, o->tpm_state);
		}
	}
	stop(pid);
	fail("swtpm did not open its socket in %s", o->workdir);
}

/* The plugin's settings: see plugin.c. */
static void set_environment(const struct run_options *o)
{
	char plugins[PATH_MAX];

	path_below(plugins, o, "plugins");
	setenv("LTDL_LIBRARY_PATH", plugins, 1);
	setenv("TXTSIM_TPM", "swtpm.sock", 1);
	setenv("TXTSIM_LOG", "txtsim.log", 1);
	setenv("TXTSIM_TIMES", "com1.times", 1);
	setenv("TXTSIM_TPM_TIMES", "tpm.times", 1);
	setenv("TXTSIM_KEY_HASH", o->key_hash, 1);
	setenv("TXTSIM_TPM_MODE", o->tpm_mode, 1);
	setenv("TXTSIM_TXT", o->txt ? "1" : "0", 1);
	setenv("TXTSIM_TRACE", o->trace ? "1" : "0", 1);
	setenv("TXTSIM_NO_REBOOT", o->no_reboot ? "1" : "0", 1);
	if (o->seed)
		setenv("TXTSIM_SEED", o->seed, 1);
	else
		unsetenv("TXTSIM_SEED");
}

static void serial_poll(struct serial *s, const struct run_options *o)
{
	ssize_t n;

	if (!o->serial_to_stdout && !o->until)
		return;
	if (s->fd < 0)
		s->fd = open(o->serial, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0)
		return;
	while ((n = read(s->fd, s->tail + s->kept, sizeof(s->tail) - s->kept)) > 0) {
		size_t size = s->kept + (size_t)n;

		if (o->serial_to_stdout) {
			fwrite(s->tail + s->kept, 1, (size_t)n, stdout);
			fflush(stdout);
		}
		if (o->until && memmem(s->tail, size, o->until, strlen(o->until)))
			s->found = true;
		s->kept = size < TEXT_MAX ? size : TEXT_MAX;
		memmove(s->tail, s->tail + size - s->kept, s->kept);
	}
}

/* Whether a file of the workdir has a text; the last line that has it goes to `line`. */
static bool find_line(
	const struct run_options *o, const char *name, const char *text, char *line, size_t size)
{
	char path[PATH_MAX], current[TEXT_MAX];
	bool found = false;
	FILE *f;

	path_below(path, o, name);
	f = fopen(path, "r");
	if (!f)
		return false;
	while (fgets(current, sizeof(current), f)) {
		if (!strstr(current, text))
			continue;
		found = true;
		current[strcspn(current, "\n")] = 0;
		snprintf(line, size, "%s", current);
	}
	fclose(f);
	return found;
}

/* Bochs ends with 1 for a power-off through ACPI or port 0x8900 as for a crash: the log tells. */
static int explain(const struct run_options *o, int status)
{
	char line[TEXT_MAX];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_PROGRAM)
		fail("bochs-bin is not installed: apt-get install bochs");
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_RESET)
		return EXIT_RESET;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_REFUSED) {
		if (find_line(o, "bochs.out", "txtsim: ", line, sizeof(line)))
			fprintf(stderr, "%s\n", line);
		return EXIT_REFUSED;
	}
	if (find_line(o, "bochs.log", "soft power off", line, sizeof(line)) ||
		find_line(o, "bochs.log", "shutdown requested", line, sizeof(line)))
		return 0;
	if (find_line(o, "bochs.log", ">>PANIC<<", line, sizeof(line)))
		fprintf(stderr, "txtsim: Bochs stopped: %s\n", line);
	else
		fprintf(stderr, "txtsim: Bochs ended: see bochs.out and bochs.log in %s\n",
			o->workdir);
	return EXIT_CRASHED;
}

static int wait_for(const struct run_options *o, pid_t *bochs)
{
	struct serial serial = {.fd = -1};
	double end = now() + o->timeout_s;
	int status, result = -1;

	while (result < 0) {
		bool ended = waitpid(*bochs, &status, WNOHANG) == *bochs;

		serial_poll(&serial, o);
		if (ended) {
			*bochs = 0;
			result = serial.found ? 0 : explain(o, status);
		} else if (serial.found) {
			result = 0;
		} else if (caught) {
			result = 128 + caught;
		} else if (o->timeout_s && now() > end) {
			fprintf(stderr, "txtsim: no end after %u seconds\n", o->timeout_s);
			result = EXIT_TIMEOUT;
		} else {
			nap();
		}
	}
	if (serial.fd >= 0)
		close(serial.fd);
	return result;
}

int run_machine(const struct run_options *o)
{
	const char *argv[] = {"bochs-bin", "-q", "-f", "bochsrc", "-rc", "debugger.rc", NULL};
	bool tpm = strcmp(o->tpm_mode, "absent") != 0;
	pid_t swtpm = 0, bochs;
	int result;

	unlink(o->serial);
	set_environment(o);
	catch_signals();
	if (tpm)
		swtpm = start_swtpm(o);
	bochs = start(o->workdir, "bochs.out", argv);
	result = wait_for(o, &bochs);
	stop(bochs);
	stop(swtpm);
	return result;
}
