/* console.h: what the guest's serial console tells about its boot. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_CONSOLE_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

/* init/init.h says what /init prints. */
struct console {
	char line[512]; /* the one being read, cut */
	size_t used;
	char failed[256]; /* "STEP: TEXT" of the last step that failed; may be empty */
	bool emergency;   /* a shell waits on the console */
};

/* Takes the next bytes. Pure. */
void console_feed(struct console *console, const char *data, size_t len);

#endif
