/* job.h: one Windows program for one stream: what was asked for is judged, started and
 * served, in the thread that calls.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WIN32_JOB_H
#define LANDBRIDGE_INTEROP_HOST_WIN32_JOB_H

#include "interop/host/rules.h"
#include "interop/host/win32/audit.h"

/* What all of an agent's jobs share. */
struct job_host {
	const struct rules *rules;
	struct audit *audit;
	bool wine;              /* its cmd.exe expands what Windows' would not */
	const char *system_dir; /* C:\Windows\System32 */
	void *turns;            /* of starting programs: a semaphore (turns_create) */
};

/* Whether this Windows is Wine. */
bool job_under_wine(void);

/* So many programs are started at once: more would take as long, and keep the link from
 * answering. NULL: no memory. */
void *turns_create(void);

/* Reads OPEN from the endpoint, which it owns, and returns when the stream is over. 0 or
 * negative errno. */
int job_serve(int endpoint, const struct job_host *host);

#endif
