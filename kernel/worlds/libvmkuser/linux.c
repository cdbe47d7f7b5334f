/*
 * The Linux system calls that musl makes by itself, in terms of our own. Everything else is
 * -ENOSYS, which musl hands on as errno. Ring 3 only: the kernel knows none of this.
 */
#include <vmkuser/libvmkuser.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#define NS_PER_S    1000000000ul
#define LINE_MAX    1024u
#define FUTEX_WAIT  0
#define FUTEX_WAKE  1
#define FUTEX_CMD   0x7f
#define TID         1
#define EXIT_SIGNAL 128 /* exit code of a world that ends by a signal: this and its number */

__attribute__((visibility("hidden"))) long __vmk_linux_syscall(
	long n, long a, long b, long c, long d, long e, long f);

static long linux_error(enum vmk_status status)
{
	switch (status) {
	case VMK_OK:
		return 0;
	case VMK_NO_MEMORY:
	case VMK_NO_RESOURCES:
		return -ENOMEM;
	case VMK_DENIED:
		return -EPERM;
	case VMK_BAD_ADDRESS:
		return -EFAULT;
	case VMK_TIMEOUT:
		return -ETIMEDOUT;
	default:
		return -EINVAL;
	}
}

/* Text for fd 1 and 2 is gathered to whole lines, since each call to the log makes a line. */
static struct {
	char text[LINE_MAX];
	size_t used;
} line;

static void line_flush(void)
{
	if (line.used)
		vmku_log(line.text, line.used);
	line.used = 0;
}

static void line_add(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] != '\n')
			line.text[line.used++] = text[i];
		if (text[i] == '\n' || line.used == LINE_MAX)
			line_flush();
	}
}

static long do_write(long fd, const void *text, size_t bytes)
{
	if (fd != 1 && fd != 2)
		return -EBADF;
	line_add(text, bytes);
	return (long)bytes;
}

static long do_writev(long fd, const struct iovec *parts, long count)
{
	long total = 0;

	for (long i = 0; i < count; i++) {
		long done = do_write(fd, parts[i].iov_base, parts[i].iov_len);

		if (done < 0)
			return done;
		total += done;
	}
	return total;
}

/* The kernel denies execution, and records who asked. */
static unsigned protection(long linux_prot)
{
	return (linux_prot & PROT_READ ? VMK_PROT_READ : 0) |
	       (linux_prot & PROT_WRITE ? VMK_PROT_READ | VMK_PROT_WRITE : 0) |
	       (linux_prot & PROT_EXEC ? VMK_PROT_EXECUTE : 0);
}

static long do_mmap(size_t bytes, long linux_prot, long flags)
{
	void *address;
	long error;

	if (!(flags & MAP_ANONYMOUS) || (flags & MAP_FIXED) || (flags & MAP_SHARED))
		return -ENOSYS;
	error = linux_error(vmku_map(bytes, protection(linux_prot), &address));
	return error ? error : (long)address;
}

static long do_mprotect(void *address, size_t bytes, long linux_prot)
{
	return linux_error(vmku_protect(address, bytes, protection(linux_prot)));
}

static long do_clock_gettime(long clock, struct timespec *to)
{
	uint64_t ns;
	long error;

	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return -EINVAL;
	error = linux_error(
		vmku_clock(clock == CLOCK_REALTIME ? VMK_CLOCK_WALL : VMK_CLOCK_MONOTONIC, &ns));
	if (error)
		return error;
	to->tv_sec = (time_t)(ns / NS_PER_S);
	to->tv_nsec = (long)(ns % NS_PER_S);
	return 0;
}

static long do_nanosleep(const struct timespec *time)
{
	enum vmk_status status;

	if (time->tv_sec < 0 || time->tv_nsec < 0 || (uint64_t)time->tv_nsec >= NS_PER_S ||
		(uint64_t)time->tv_sec > UINT64_MAX / NS_PER_S - 1)
		return -EINVAL;
	status = vmku_wait(
		NULL, 0, (uint64_t)time->tv_sec * NS_PER_S + (uint64_t)time->tv_nsec, NULL);
	return status == VMK_TIMEOUT ? 0 : linux_error(status);
}

/* One thread: nobody else can hold the lock or be waiting. */
static long do_futex(const volatile int *word, long operation, int value)
{
	switch (operation & FUTEX_CMD) {
	case FUTEX_WAIT:
		return *word == value ? -EDEADLK : -EAGAIN;
	case FUTEX_WAKE:
		return 0;
	default:
		return -ENOSYS;
	}
}

static _Noreturn void do_exit(long code)
{
	line_flush();
	vmku_exit((int)code);
}

static long do_getrandom(void *to, size_t bytes)
{
	long error = linux_error(vmku_random(to, bytes));

	return error ? error : (long)bytes;
}

long __vmk_linux_syscall(long n, long a, long b, long c, long d, long e, long f)
{
	switch (n) {
	case SYS_write:
		return do_write(a, (const void *)b, (size_t)c);
	case SYS_writev:
		return do_writev(a, (const struct iovec *)b, c);
	case SYS_mmap:
		return do_mmap((size_t)b, c, d);
	case SYS_munmap:
		return linux_error(vmku_unmap((void *)a, (size_t)b));
	case SYS_mprotect:
		return do_mprotect((void *)a, (size_t)b, c);
	case SYS_set_thread_area:
		return linux_error(vmku_set_tls((const void *)a));
	case SYS_clock_gettime:
		return do_clock_gettime(a, (struct timespec *)b);
	case SYS_nanosleep:
		return do_nanosleep((const struct timespec *)a);
	case SYS_clock_nanosleep:
		return b ? -ENOSYS : do_nanosleep((const struct timespec *)c);
	case SYS_futex:
		return do_futex((const volatile int *)a, b, (int)c);
	case SYS_getrandom:
		return do_getrandom((void *)a, (size_t)b);
	case SYS_set_tid_address:
	case SYS_gettid:
	case SYS_getpid:
		return TID;
	case SYS_madvise:
		return 0;
	case SYS_tkill:
		do_exit(EXIT_SIGNAL + b);
	case SYS_exit:
	case SYS_exit_group:
		do_exit(a);
	default:
		return -ENOSYS;
	}
}
