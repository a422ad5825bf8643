/* job.h: one Windows program that a guest asked for. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_JOB_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_JOB_H

#include "interop/host/posix/audit.h"
#include "interop/host/posix/wine.h"
#include "interop/host/rules.h"
#include "interop/stream/stream.h"

/* What decides about it. */
struct job_host {
	const struct wine *wine;
	const struct drives *drives;
	const struct rules *rules;
	struct audit audit;
};

/* Serves one endpoint to its end: the guest's OPEN becomes a program under
 * Wine, if the rules let it. For a process of its own. */
int job_serve(int endpoint, const struct job_host *host);

#endif
