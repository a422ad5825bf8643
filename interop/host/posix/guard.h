/* guard.h: what a guest's wishes may not make QEMU, or a Windows program, do to the
 * host.
 *
 * QEMU's 9P server does for the guest's root whatever the host's user may do,
 * and on a drive that is a chmod(2), a mknod(2) or a file capability which then
 * works on the host: a set-uid file of that user, or, where the user is root, a
 * device. The cure is not to keep modes elsewhere (security_model=mapped): files
 * are to be what they look like on both sides. So QEMU is not able to: a
 * seccomp(2) filter refuses the set-uid bit (EPERM in the guest), and as root it
 * has only the capabilities(7) that a file server needs.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_GUARD_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_GUARD_H

/* For struct child: in the child, before it execs. 0 or negative errno. */
int guard_files(void);

/* The same for this process and all Windows programs that it starts, those for 32 bits
 * included. */
int guard_programs(void);

/* The same for a root file system that the guest may write to, a directory of
 * the host: set-uid files are part of it. Devices are refused all the same. */
int guard_devices(void);

/* This process has no capability left. 0 or negative errno. */
int guard_helpless(void);

#endif
