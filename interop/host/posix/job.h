/* job.h: one Windows program that a guest asked for. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_JOB_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_JOB_H

#include "interop/host/posix/audit.h"
#include "interop/host/posix/wine.h"
#include "interop/host/rules.h"
#include "interop/stream/stream.h"

/* The guest's files, as its programs have them. */
struct job_share {
	const char *name; /* \\wsl.localhost\NAME; NULL: they do not */
	int ready;        /* readable once they are there, hung up where they cannot be; -1: none */
};

/* So long Wine may take until landbridge-start.exe reads what it is to start. */
enum { JOB_HELPER_MS = 30000 };

/* What decides about it. */
struct job_host {
	int helper_ms; /* JOB_HELPER_MS; 0: for ever */
	const struct wine *wine;
	const struct drives *drives;
	const struct rules *rules;
	struct audit audit;
	struct job_share share;
	/* NULL, or what OPEN will probably be like (its flags, rows and cols): what a program
	 * of that shape needs is started before it comes. */
	const struct open *ahead;
};

/* Serves one endpoint to its end: the guest's OPEN becomes a program under
 * Wine, if the rules let it. For a process of its own. */
int job_serve(int endpoint, const struct job_host *host);

#endif
