/* request.h: what a guest asks for, as landbridge-start.exe is told it. Pure.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_REQUEST_H
#define LANDBRIDGE_INTEROP_HOST_REQUEST_H

#include "interop/host/host.h"
#include "interop/host/rules.h"
#include "interop/wire/wire.h"

/* What the host adds. */
struct request_host {
	unsigned flags;            /* those of start.h that it knows */
	const char *system_dir;    /* where cmd.exe is: C:\windows\system32 */
	const struct rules *rules; /* which variables may cross */
};

/* Checks every path and name first, then writes the request (start.h) into w. 0, or
 * negative with the code and text of FAILED in *why: -ENOTDIR for the working directory,
 * else -1. */
int request_build(struct writer *w, const struct open *l, const struct request_host *host,
		  struct fault *why);

/* The code (126 or 127) and the line that stand for a Win32 error of
 * CreateProcess. */
int start_error(uint32_t error, const char *program, struct fault *why);

#endif
