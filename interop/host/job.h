/* job.h: one Windows program that a guest asked for. */
#ifndef LANDBRIDGE_INTEROP_HOST_JOB_H
#define LANDBRIDGE_INTEROP_HOST_JOB_H

#include "interop/host/wine.h"
#include "interop/stream/stream.h"

/* Serves one endpoint to its end: the guest's LAUNCH becomes a program under
 * Wine. For a process of its own. */
int job_serve(int endpoint, const struct wine *wine);

/* What landbridge-start.exe is told, from what the guest asked for: checks
 * every path and name first. Writes the request (start.h) into w. 0, or -1
 * with the code and text of FAILED in *why. Pure. */
int request_build(struct writer *w, const struct launch *l, struct fault *why);

/* The code (126 or 127) and the line that stand for a Win32 error of
 * CreateProcess. Pure. */
int start_error(uint32_t error, const char *program, struct fault *why);

#endif
