/* job.h: one Windows program that a guest asked for. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_JOB_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_JOB_H

#include "interop/host/posix/wine.h"
#include "interop/stream/stream.h"

/* Serves one endpoint to its end: the guest's OPEN becomes a program under
 * Wine. For a process of its own. */
int job_serve(int endpoint, const struct wine *wine);

#endif
