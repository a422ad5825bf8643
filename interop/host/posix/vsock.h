/* vsock.h: a vsock(7) device for a VM of ours, whose guest calls its agent over it.
 *
 * The kernel's, /dev/vhost-vsock, where this user may open it. Else a program's,
 * vhost-device-vsock in PATH, which QEMU is joined to and which gives what the guest
 * calls at port P as a connection to a socket in the machine's directory, "vsock_P".
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_VSOCK_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_VSOCK_H

#include <limits.h>
#include <sys/types.h>

#include "interop/host/posix/machine.h"
#include "interop/link/link.h"

struct vsock {
	uint32_t cid;           /* the guest's, of the whole host; 0: a program's device */
	char program[PATH_MAX]; /* then */
	pid_t pid;              /* and its process, which ends with this one; 0: not running */
};

/* Finds one. *fd: the kernel's device, open, with a CID that nobody else has; or -1. */
int vsock_find(struct vsock *v, int *fd, struct fault *why);

/* Starts the program, if it is one's: *fd is a socket to it, for QEMU. */
int vsock_start(struct vsock *v, const struct machine *m, int *fd, struct fault *why);

/* Whether that was the program's process, which is gone then. */
bool vsock_ended(struct vsock *v, pid_t pid);

/* Listens where the guest will call: *at says how it comes there. The socket, or
 * negative errno. */
int vsock_door(const struct vsock *v, const struct machine *m, struct address *at);

#endif
