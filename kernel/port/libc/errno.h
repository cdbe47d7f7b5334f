/* <errno.h> of the freestanding kernel: numbers only; the kernel's errors are enum vmk_status. */
#ifndef LIBC_ERRNO_H
#define LIBC_ERRNO_H

#define EIO    5
#define EAGAIN 11
#define ENOMEM 12
#define EINVAL 22

#endif
