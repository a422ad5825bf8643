/* handles.h: kernel objects in a loop of lib/loop.h, on Windows: events, processes.
 *
 * A loop has its sockets, as many as they are, and besides them few handles: at most
 * HANDLES_MAX (WaitForMultipleObjects has MAXIMUM_WAIT_OBJECTS, and one of them tells of
 * all sockets).
 */
#ifndef LANDBRIDGE_LIB_WIN32_HANDLES_H
#define LANDBRIDGE_LIB_WIN32_HANDLES_H

#include "lib/loop.h"

enum { HANDLES_MAX = 16 };

/* One handle. `ready` is called while it is signalled, in turn with others; inside it
 * any of the loop's may be removed. */
struct handle_watch {
	void *handle; /* HANDLE; NULL when not in the loop */
	void (*ready)(struct handle_watch *watch);
	struct loop *loop;
};

/* watch->ready must be set. The loop does not own the handle. 0 or -ENOBUFS. */
int handle_watch_add(struct loop *loop, struct handle_watch *watch, void *handle);
void handle_watch_remove(struct handle_watch *watch);

#endif
