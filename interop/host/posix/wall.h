/* wall.h: what of the host a process and all it starts may reach.
 *
 * Windows programs run under Wine with the host user's rights, and no check of
 * their paths holds: they follow links, and may make Linux system calls. So the
 * kernel is told once which files there are for them, and it holds for every
 * process that they start, whichever way (kernel document: userspace-api/landlock).
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_WALL_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_WALL_H

#include "interop/host/drives.h"
#include "interop/host/posix/share.h"
#include "interop/host/posix/wine.h"

enum { WALL_PROCESSES = 4096, WALL_OOM_SCORE = 500 };

struct wall {
	const struct wine *wine;
	const struct drives *drives;
	int socket_dir;  /* a directory in which this process removes a file later (unlinkat(2)),
			   which it may only with a view */
	unsigned memory; /* MiB that each process may have at most; 0: no limit */
	bool apart; /* Wine's server is nobody else's: its programs are to be apart (apart.h) */
	struct share share; /* the guest's files; name NULL: programs are not to have them */
};

/* What of the wall stands: 0 or negative errno each. */
struct wall_state {
	int view;      /* -EPERM, -EUSERS: this user may have no namespaces */
	int rights;    /* -EOPNOTSUPP: no Landlock (Linux 5.13, CONFIG_SECURITY_LANDLOCK) */
	int apart;     /* -EPERM: as view, or this user may not mount /proc; 0 where not wanted */
	int places;    /* drives may come later (drive_place.h); negative errno: they may not */
	int share;     /* the way to its `mounter` (share.h) */
	pid_t mounter; /* or negative errno; 0: not wanted, or not to be had */
};

/* From here on this process, which has one thread, and its children
 *   - run: Wine alone, from its own directory;
 *   - read: Wine, the system's libraries, fonts, locales and network settings, /proc;
 *   - change: the prefix, the drives that are not read-only, and what is shown to them
 *     later as a drive (drive_place.h);
 *   - connect to: X11, Wayland's and PULSE_SERVER's socket;
 * use terminals and System V memory of their own and the harmless devices, and signal
 * each other. An ordinary user's are at most WALL_PROCESSES processes and threads, each
 * with so much memory of its own (RLIMIT_DATA: Wine reserves far more than it uses). They
 * are the first that the kernel ends where memory is short.
 * Two parts of the kernel see to it, each without the other where there is only one:
 *   the view (view.h): nothing else of the host's files is there at all; in a process
 *   that is apart (apart.h), no other processes either;
 *   Landlock's rights: nothing else is opened, made, removed, run or (from Linux 6.12
 *   on) signalled, and without a DISPLAY nobody else's abstract unix socket connected
 *   to. Alone it leaves open: unix sockets by name, the modes and times of files that
 *   the user owns, the user's other terminals, System V memory, and before Linux 6.2
 *   truncate(2).
 * Who is not apart may still set limits and priorities of the user's other processes.
 * What is open stays, and the network is as everywhere. Of root's capabilities those of a file server are left to what is exec'ed,
 * and nobody makes set-uid files (guard_programs); this process itself cannot be traced. All of
 * Wine must be started behind the wall: its server opens the files.
 * Negative errno: it must not go on. */
int wall_raise(const struct wall *wall, struct wall_state *state);

/* What it will come to for this user, for who wants all of it, by a trial in a process
 * of its own. */
void wall_foresee(struct wall_state *state);

/* Whether what is not a program's stays closed to it: one of the two will do. */
bool wall_keeps(const struct wall_state *state);

/* Whether Windows programs may run behind what stands without anybody's agreeing to it
 * (--no-sandbox): not without a view, as this user may have no namespaces. */
bool wall_is_sandbox(const struct wall_state *state);

/* What is open, and why, where not all of it stands: a line for a person, "" where they do.
 * Returns its length. Pure. */
enum { WALL_GAP_MAX = 256 };
size_t wall_gap(const struct wall_state *state, char *out, size_t size);

#endif
