/* p9d.h: a 9P2000.L file server for Linux.
 *
 * It serves a directory tree to 9P clients: the Linux kernel's (mount -t 9p),
 * diod's tools, and Landbridge's host half, which speaks the shorter 9P2000.W
 * besides. Three ways to run it:
 *   by hand       p9d --listen unix:PATH --root DIR     (p9d(8))
 *   from /init    p9d --listen fd:N ...                 a descriptor it inherits
 *   as a library  p9d_serve(), below                    one connection, one user
 *
 * Sources: 9P2000 (Plan 9 manual, section 5), 9P2000.L (diod's protocol.md and
 * the Linux kernel's 9p client), the .W additions of the Windows redirector.
 * wire.h has the messages, protocol.h the protocol, filetree.h the file tree's
 * interface, pool.h how requests are run.
 *
 * Units and limits: sizes in bytes, times in seconds and nanoseconds, errors
 * Linux errno numbers. A message has at most P9_MSIZE_MAX (1 MiB) bytes; a
 * connection at most 65536 fids, 64 extended attributes under way, 4096 lock
 * owners, 16 lock requests that wait; a process 1024 connections.
 */
#ifndef LANDBRIDGE_P9D_P9D_H
#define LANDBRIDGE_P9D_P9D_H

#include <stdbool.h>
#include <sys/types.h>

struct p9d_config {
	const char *root; /* the directory to serve */
	bool read_only;
	mode_t umask; /* for files that .W clients make */
	/* A drive: a directory of this machine for users of another one. Each of them
	 * is let in, and is the calling process's user here; whose files are there, the
	 * options in Tattach's aname say (owners.h). File systems that the
	 * kernel makes up (/proc, /sys) are not entered; others that are mounted below
	 * are, as they are by this machine's programs. What else is changed here is told to
	 * a client that asks (Twwatch). */
	bool drive;
	bool folds; /* a drive's names are found without regard to case: case=off */
};

/* Serves one connected stream socket as the calling process's user until the
 * client closes it. The descriptor is closed in any case. Blocks SIGPIPE,
 * sets umask 0, and uses threads: meant for a process of its own (fork(2)).
 * confined: gives up capabilities and system calls first (confine.h); openat2(2)
 * may be missing from the outset where all attach to the root.
 * 0, or a negative errno: -ENOENT, -ENOTDIR for the root, -ENOSYS without
 * /proc, -ENOMEM. */
int p9d_serve(const struct p9d_config *config, int fd, bool confined);

/* The program: see p9d(8). Exit status 0, 1 (failed) or 2 (usage). */
int p9d_main(int argc, char **argv);

#endif
