/* logind.h: a session of systemd-logind's: what a terminal's login has, so that
 * the user's own services run (user@UID.service) and XDG_RUNTIME_DIR is there.
 *
 * Source: org.freedesktop.login1(5), CreateSession; pam_systemd(8).
 */
#ifndef LANDBRIDGE_INIT_LOGIND_H
#define LANDBRIDGE_INIT_LOGIND_H

#include <stdint.h>
#include <sys/types.h>

#include "init/env.h"

enum { LOGIND_TEXT = 64 };

struct logind {
	/* what is wanted */
	uid_t uid;
	const char *tty;
	int wait_ms; /* for a bus that is not there */
	int caller;  /* a socket: once it is hung up nobody wants it any more */
	/* what there is */
	int fd; /* the session lasts as long as somebody has it */
	char id[LOGIND_TEXT], runtime[LOGIND_TEXT];
	char why[200]; /* there is none */
	int64_t up;    /* systemd has time until then */
	int64_t end;   /* of the step under way */
};

/* Makes the calling process, which is root and in systemd's pid namespace, the
 * leader of a session: after wait_ms within 2 s for a bus that is there, but has no time
 * for us, and 10 s for logind. 0 or a negative errno, with `why`. */
int logind_open(struct logind *l);

/* What a program of that session has in its environment. */
void logind_env(const struct logind *l, struct env *env);

#endif
