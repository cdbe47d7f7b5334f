/* sources: tboot-integration/txtsim/swtpm/client.c tboot-integration/txtsim/model/tpmcmd.c */
/* What the emulators' TPMs ask of swtpm, against a process that stands for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tboot-integration/txtsim/swtpm/client.h"

static jmp_buf died;
static char reason[256];

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	longjmp(died, 1);
}

static char path[64];

static int bound_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* A swtpm that opens its socket and listens only later, as on a busy machine. */
static pid_t start_late(int fd)
{
	pid_t pid = fork();
	uint8_t request[64], success[4] = {0};
	int client;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	if (listen(fd, 1))
		_exit(1);
	client = accept(fd, NULL, NULL);
	if (read(client, request, sizeof(request)) < 4 ||
		write(client, success, sizeof(success)) != sizeof(success))
		_exit(1);
	_exit(0);
}

static void test_listens_late(void **state)
{
	struct swtpm s = {.die = die};
	int fd = bound_socket(), status;
	pid_t pid = start_late(fd);

	(void)state;
	close(fd);
	if (setjmp(died))
		fail_msg("%s", reason);
	swtpm_connect(&s, path);
	swtpm_close(&s);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_absent(void **state)
{
	struct swtpm s = {.die = die};

	(void)state;
	if (setjmp(died) == 0) {
		swtpm_connect(&s, path);
		fail_msg("connected to nothing");
	}
	assert_non_null(strstr(reason, "cannot connect to swtpm"));
	assert_non_null(strstr(reason, path));
}

static int set_path(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_swtpm_client.%d", getpid());
	unlink(path);
	return 0;
}

static int remove_path(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_listens_late, set_path, remove_path),
		cmocka_unit_test_setup_teardown(test_absent, set_path, remove_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
