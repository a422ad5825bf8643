/* machine.h: a machine: a directory with a VM and its agent, found by its name.
 *
 * $XDG_RUNTIME_DIR/landbridge/NAME, or /tmp/landbridge-UID/NAME where there is
 * no such variable or its value is too long for a socket's name. In it:
 *
 *     lock       held (flock(2)) by the machine's supervisor as long as it lives
 *     status     what machine_tell wrote: phase, processes, image
 *     control    the supervisor's socket (supervisor.h)
 *     agent      the agent's socket: shell, exec and mount come in here
 *     drives     a socket: drives that come and go (drive_desk.h)
 *     console    a socket: whoever connects is at the guest's console
 *     log        the newest part of what the console and the agent said
 *     link       QEMU's socket, the agent's way into the guest
 *     device, vsock, vsock_1024   the vsock device's sockets, the guest's way to the agent
 *     initramfs  until the guest is up
 *     qemu.err   what QEMU itself said
 *
 * A directory whose lock nobody holds is what a dead machine left: whoever
 * meets it takes it away. All of that happens under a lock on the directory of
 * all machines, which is held for moments only.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_MACHINE_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_MACHINE_H

#include <limits.h>
#include <sys/types.h>

#include "interop/host/host.h"

enum { MACHINE_NAME = 64, MACHINE_DIR = 108 };

struct machine {
	char name[MACHINE_NAME];
	char dir[MACHINE_DIR];
	int lock; /* held: it is ours; -1 */
};

struct machine_status {
	char phase[16]; /* "starting", "booting", "up", ... */
	pid_t supervisor, qemu, agent;
	char image[PATH_MAX];
};

/* Makes one and holds its lock. Where the name is taken: fails, or with `any`
 * takes NAME-2, NAME-3, ... */
int machine_create(struct machine *m, const char *name, bool any, struct fault *why);

/* Finds one that lives. */
int machine_find(struct machine *m, const char *name, struct fault *why);

/* Calls `each` for those that live, by name; takes the dead away. */
int machines_each(int (*each)(void *owner, const struct machine *m), void *owner,
		  struct fault *why);

/* "DIR/FILE"; out has room for MACHINE_DIR. */
void machine_path(const struct machine *m, const char *file, char *out);

/* Writes, or reads, its status. 0 or negative errno. */
int machine_tell(const struct machine *m, const struct machine_status *status);
int machine_ask(const struct machine *m, struct machine_status *status);

/* Takes ours away and lets go of it. */
void machine_remove(struct machine *m);

#endif
