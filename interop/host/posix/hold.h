/* hold.h: directories by descriptor, for who has no path to them any more. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_HOLD_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_HOLD_H

#include "interop/link/link.h"

/* The directory that `path` is in, or negative errno. */
int dir_hold(const char *path);
/* Gives a unix link a name that holds on both sides of the wall, where the hypervisor
 * may make it anew, by a descriptor of its directory, which stays: *dir. */
int link_hold(int *dir, struct address *link);

#endif
