/*
 * In the place of musl's arch/x86_64/syscall_arch.h: what would be a Linux system call becomes a
 * call of libvmkuser in ring 3, which translates the few that musl makes by itself. The kernel
 * knows no Linux system-call number. The names are the ones that musl's sources use.
 */
#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

__attribute__((__visibility__("hidden"))) long __vmk_linux_syscall(
	long n, long a, long b, long c, long d, long e, long f);

static __inline long __syscall0(long n)
{
	return __vmk_linux_syscall(n, 0, 0, 0, 0, 0, 0);
}
static __inline long __syscall1(long n, long a)
{
	return __vmk_linux_syscall(n, a, 0, 0, 0, 0, 0);
}
static __inline long __syscall2(long n, long a, long b)
{
	return __vmk_linux_syscall(n, a, b, 0, 0, 0, 0);
}
static __inline long __syscall3(long n, long a, long b, long c)
{
	return __vmk_linux_syscall(n, a, b, c, 0, 0, 0);
}
static __inline long __syscall4(long n, long a, long b, long c, long d)
{
	return __vmk_linux_syscall(n, a, b, c, d, 0, 0);
}
static __inline long __syscall5(long n, long a, long b, long c, long d, long e)
{
	return __vmk_linux_syscall(n, a, b, c, d, e, 0);
}
static __inline long __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	return __vmk_linux_syscall(n, a, b, c, d, e, f);
}

#define IPC_64 0
