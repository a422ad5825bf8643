/* folder.h: a guest's files, mounted with FUSE by a process that serves them. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_FOLDER_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_FOLDER_H

#include <sys/types.h>

#include "interop/host/host.h"

struct folder_wish {
	const char *socket; /* where the agent listens */
	char *user;         /* whose rights in the guest; NULL: whom the service takes us for */
	bool read_only;
};

/* Mounts them where no path leads: the root's descriptor (O_PATH, close-on-exec), or -1
 * with *why. The mount is there as long as somebody has a descriptor in it, whatever
 * ends that process; then its server ends, too, for which folder_end waits. A symbolic
 * link of the guest's still leads to the host's files where a path is followed from that
 * descriptor without openat2(2)'s RESOLVE_IN_ROOT. */
int folder_open_unseen(const struct folder_wish *wish, pid_t *server, struct fault *why);
void folder_end(pid_t server);

#endif
