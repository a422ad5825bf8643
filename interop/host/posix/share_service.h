/* share_service.h: serves the guest's files to its Windows programs, at share.h's place.
 *
 *   Wine -- FUSE -- a process of ours (p9fs) -- router === broker -- p9d of the guest
 *
 * Begun with the first program whose request names such a path. All Windows programs of
 * a machine are one user's, the host's, and have each other's files: so what one of them
 * may do here all may, and it must be one user of the guest who starts them. They have
 * that user's rights in the guest. Root's programs do not count: root may be anybody, so
 * they have root's rights until another user starts one, and his from then on. From the
 * second such user on nobody has any here.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_SHARE_SERVICE_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_SHARE_SERVICE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "interop/host/posix/job.h"
#include "interop/host/posix/wall.h"
#include "interop/host/users.h"
#include "interop/link/link.h"
#include "lib/log.h"

struct share_service {
	struct router *router;
	const struct log *log;
	const char *name; /* the share's; NULL: there is none */
	char path[PATH_MAX];
	int channel;   /* share.h's */
	pid_t mounter; /* at its other end; 0: none */
	pid_t server;  /* 0: none */
	int ready;     /* readable once it serves, hung up where it does not any more */
	bool quiet;    /* the last one did not come to serve, which was said */
	struct users users;
};

/* With what the wall has for it; its router is to be set before the first program. */
void share_service_begin(struct share_service *s, const struct wall *wall,
			 const struct wall_state *state, const struct log *log);

/* A program is to be started: what its job is told of the guest's files. Its
 * descriptor stays ours, and is another's after the next call of any of these. */
struct job_share share_service_admit(struct share_service *s, const struct open *o);

/* For who reaps our children. */
void share_service_reaped(struct share_service *s, pid_t pid);

/* What is open there fails from now on, and nothing is served any more. */
void share_service_end(struct share_service *s);

#endif
