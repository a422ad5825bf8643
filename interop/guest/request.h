/* request.h: what a client asks for, as an OPEN payload. Private to
 * interop/guest.
 */
#ifndef LANDBRIDGE_INTEROP_GUEST_REQUEST_H
#define LANDBRIDGE_INTEROP_GUEST_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "pathconv/pathconv.h"

/* Everything that goes into a request. The strings are the caller's. */
struct request {
	const struct mounts *mounts;
	const char *path;  /* of the program: absolute, without symbolic links */
	const char *given; /* the path as the shell or the user gave it */
	const char *argv0;
	char *const *args; /* the rest, ended by NULL */
	char *const *env;  /* as environ */
	const char *cwd;   /* NULL: there is none */
	const char *name;  /* this guest's, under which the host has its files; NULL: it has not */
	uint32_t flags;    /* enum program_flag */
	uint16_t rows, cols;
	bool cwd_left_out;          /* not told to the host; set where it has no name for it */
	struct wslenv env_left_out; /* set: the first that has no form there; name NULL: none */
};

/* Writes the payload. 0, or -EXDEV: the program is not on a drive of the
 * host, and the guest has no name; -E2BIG: too many arguments, or too long; others from pathconv. Pure
 * but for the memory it needs for a while: -ENOMEM. */
int request_encode(struct request *rq, struct writer *w);

#endif
