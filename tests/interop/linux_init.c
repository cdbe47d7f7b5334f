/* The only program of a small Linux under tboot: says what it sees of the launch, switches off. */
#include <stdio.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <termios.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void show_pcr(unsigned pcr)
{
	char path[64], value[80] = "unreadable";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/tpm/tpm0/pcr-sha256/%u", pcr);
	f = fopen(path, "r");
	if (f && fgets(value, sizeof(value), f))
		value[64] = 0;
	printf("INIT: PCR%u %s\n", pcr, value);
	if (f)
		fclose(f);
}

static void run(const char *program, const char *argument)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		execl(program, program, argument, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	printf("INIT: %s ended with %d\n", program, WEXITSTATUS(status));
}

/* <linux/syslog.h> is the kernel's own: its messages go on, but no longer into the tools' lines. */
#define SYSLOG_ACTION_CONSOLE_OFF 6

int main(void)
{
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	/* Without /dev/console in its initial file system Linux starts this without descriptors. */
	if (mount("devtmpfs", "/dev", "devtmpfs", 0, "") ||
		mount("sysfs", "/sys", "sysfs", 0, "") || mount("proc", "/proc", "proc", 0, "") ||
		!freopen("/dev/console", "w", stdout))
		return 1;
	dup2(fileno(stdout), 1);
	dup2(1, 2);
	setvbuf(stdout, NULL, _IONBF, 0);
	klogctl(SYSLOG_ACTION_CONSOLE_OFF, NULL, 0);
	printf("INIT: user space\n");
	show_pcr(17);
	show_pcr(18);
	run("/bin/txt-stat", NULL);
	run("/bin/txtstat", "show");
	printf("INIT: done\n");
	fflush(stdout);
	tcdrain(STDOUT_FILENO); /* what the line has not sent yet is lost at power-off */
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
