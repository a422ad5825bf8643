/* tree.h: all descendants of a process. */
#ifndef LANDBRIDGE_LIB_TREE_H
#define LANDBRIDGE_LIB_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Signals every descendant of `root`, not itself, by a look at /proc. With a
 * subreaper for root none escapes but those that are being made right now:
 * for SIGKILL repeat it until none is left. Returns how many were signalled,
 * or negative errno. */
int tree_signal(pid_t root, int signal);

/* The same without these; what they have started gets it. */
int tree_signal_but(pid_t root, int signal, const pid_t *spared, size_t count);

/* The parent in the text of /proc/PID/stat, of which the first 100 bytes will
 * do: proc(5). 0 when it is not that. Pure. */
pid_t stat_parent(const char *text);

#endif
