#include "tboot-integration/txtsim/run/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tboot-integration/txtsim/run/options.h"

#define POLL_NSEC    50000000L
#define KILL_WAIT_MS 10000

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	caught = number;
}

void process_catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

int process_caught(void)
{
	return caught;
}

double process_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct process_limit process_limit(pid_t pid, unsigned seconds, unsigned threads)
{
	return (struct process_limit){.pid = pid,
		.seconds = (double)seconds * threads,
		.end = process_now() + (double)seconds * PROCESS_IDLE_FACTOR};
}

/* Processor time of all threads, in seconds; 0 if it cannot be told. */
static double time_spent(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool process_limit_passed(const struct process_limit *limit)
{
	double spent;

	if (limit->seconds == 0 || limit->pid <= 0)
		return false;
	spent = time_spent(limit->pid);
	if (spent < limit->seconds && process_now() < limit->end)
		return false;
	fprintf(stderr,
		"txtsim: no end after %.0f seconds of processor time, of which --timeout allows "
		"%.0f (or %d "
		"times as many by the clock): if the machine was still at work, allow more\n",
		spent, limit->seconds, PROCESS_IDLE_FACTOR);
	return true;
}

void process_nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = POLL_NSEC}, NULL);
}

bool process_find(const char *program, char path[PATH_MAX])
{
	const char *in = getenv("PATH");

	while (in && *in) {
		int n = (int)strcspn(in, ":");

		if (snprintf(path, PATH_MAX, "%.*s/%s", n, in, program) < PATH_MAX &&
			access(path, X_OK) == 0)
			return true;
		in += n + (in[n] == ':');
	}
	return false;
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

pid_t process_start(const char *workdir, const char *log, const char *const argv[])
{
	pid_t pid = fork();

	if (pid < 0)
		fail("cannot start %s: %s", argv[0], strerror(errno));
	if (pid == 0)
		become(workdir, log, argv);
	return pid;
}

pid_t process_start_preloaded(
	const char *workdir, const char *log, const char *library, const char *const argv[])
{
	char path[PATH_MAX];
	pid_t pid;

	beside(path, library);
	if (access(path, R_OK))
		fail("%s is absent: run make txtsim", path);
	setenv("LD_PRELOAD", path, 1);
	pid = process_start(workdir, log, argv);
	unsetenv("LD_PRELOAD");
	return pid;
}

int process_run(const char *workdir, const char *log, const char *const argv[])
{
	pid_t pid = process_start(workdir, log, argv);
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_PROGRAM)
		fail("%s is not installed: apt-get install swtpm swtpm-tools", argv[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void process_stop(pid_t pid)
{
	int status;

	if (pid <= 0)
		return;
	kill(pid, SIGTERM);
	for (double end = process_now() + KILL_WAIT_MS / 1e3; process_now() < end; process_nap()) {
		if (waitpid(pid, &status, WNOHANG) != 0)
			return;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

void process_tell_end(const char *emulator, int status, const char *logs, const char *workdir)
{
	if (WIFSIGNALED(status))
		fprintf(stderr,
			"txtsim: %s crashed with signal %d (%s): the emulator's fault, which says "
			"nothing of the guest; start it again, and see %s in %s\n",
			emulator, WTERMSIG(status), strsignal(WTERMSIG(status)), logs, workdir);
	else
		fprintf(stderr, "txtsim: %s ended with status %d: see %s in %s\n", emulator,
			WEXITSTATUS(status), logs, workdir);
}
