/* ns.h: does this process share a namespace with the machine's first process?
 *
 * Source: the kernel's fixed inode numbers of the first namespaces
 * (include/linux/proc_ns.h), as /proc/self/ns shows them: namespaces(7).
 */
#ifndef LANDBRIDGE_INIT_NS_H
#define LANDBRIDGE_INIT_NS_H

#include <stdbool.h>

struct machine;

enum ns_kind { NS_PID, NS_USER, NS_UTS };

/* False also when /proc is not there. */
bool ns_is_first(enum ns_kind kind);

/* In a child pid namespace; false also when /proc is not there. */
bool in_container(void);

/* The machine's step in a container: mounts of its own. */
int step_namespace(struct machine *m);

#endif
