/* about.h: what the host says of itself to a guest's doctor. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_ABOUT_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_ABOUT_H

#include "interop/host/posix/agent.h"

/* A socket from which lines of text can be read (doc/PROTOCOL 10, about), and their end;
 * or negative with *why. */
int about_open(const struct agent_config *config, struct failed *why);

#endif
