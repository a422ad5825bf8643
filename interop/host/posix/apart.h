/* apart.h: a process that has no others of the host's beside it: it is the first of
 * a PID namespace (pid_namespaces(7)), whose processes have numbers for each other
 * and for nobody else, so that no system call signals, limits, traces or slows
 * down another. All of them end with the first.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_APART_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_APART_H

#include <stdbool.h>

#include "lib/child.h"

/* As child_fork, but the child is that first one, in what view_leave makes too.
 * It is our child all the same, and the number we get is the one it has for us.
 * At most CHILD_FDS - 1 descriptors. Negative errno, view_leave's, when there are
 * no namespaces for this user. */
pid_t apart_fork(const struct child_setup *setup);

/* Whether this process is one, or the first of a container. */
bool apart_is_first(void);

#endif
