/* linkdrive.h: a drive that the host's agent serves over the link.
 *
 * Each is a process, landbridge-drive, with the agent's 9P on one side (the service
 * "drive:X" of interop.sock) and the kernel's FUSE on the other (p9fs/p9fs.h). It is
 * a daemon: no terminal, no directory, last to go when memory is short; it ends when
 * its file system is unmounted everywhere.
 */
#ifndef LANDBRIDGE_INIT_LINKDRIVE_H
#define LANDBRIDGE_INIT_LINKDRIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct link_drive {
	char letter;
	const char *target;  /* a directory */
	unsigned long flags; /* MS_* of mount(2) */
	const char
		*options; /* for the agent, "uid=0,metadata"; of one said twice the last counts */
	/* For us, the later one counts: locks=guest (the kernel keeps locks, the default:
	 * what is remembered of files is fast), locks=host (they hold for the host's
	 * programs too, and each open(2) asks); cache=none: nothing is remembered;
	 * timeout=SECONDS (60): how long to wait for a host that went away. */
	const char *words;
};

/* Mounts it: type fuse.drvfs, source "X:". 0, or negative errno with the reason in
 * `why`; -ENOTCONN: there is no host. Waits for the host, 2 s when it is away. */
int link_drive_mount(const struct link_drive *drive, char *why, size_t size);

/* Whether the process PID, a name in `proc`, which is /proc, is one of ours that was
 * started by this name: root's. */
bool process_is_ours(int proc, const char *pid, const char *name);

/* The processes behind drives, at most `max`. Returns how many. */
size_t link_drives_find(pid_t *pids, size_t max);

#endif
