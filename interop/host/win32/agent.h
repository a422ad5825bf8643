/* agent.h: the host's end of the link on Windows: starts what the guest that has the key
 * asks for.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WIN32_AGENT_H
#define LANDBRIDGE_INTEROP_HOST_WIN32_AGENT_H

#include "interop/host/win32/job.h"
#include "interop/link/link.h"

struct agent_config {
	int door;          /* the guest calls here ... */
	struct address at; /* ... at this address */
	struct key *key;   /* overwritten once it is used */
	const wchar_t *home;
	char name[COOKIE_NAME]; /* of the guest, for programs here (agents.h) */
	struct job_host jobs;
};

/* Serves until Ctrl-C, or until its console is closed or its user logs off. Then every job
 * is ended. What goes wrong is one line on stderr each. Returns an exit status. */
int agent_serve(const struct agent_config *config);

#endif
