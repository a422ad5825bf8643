/* console.h: what the guest's serial console tells about its boot and end. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_CONSOLE_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

/* init/init.h says what /init prints; the kernel's lines are those of
 * kernel/panic.c and kernel/reboot.c. */
struct console {
	char line[512]; /* the one being read, cut */
	size_t used;
	char failed[256]; /* "STEP: TEXT" of the last step that failed; may be empty */
	char panic[256];  /* what the kernel panicked of; "": it did not */
	bool emergency;   /* a shell waits on the console */
	bool halted;      /* the kernel stopped and left the machine on */
};

/* Takes the next bytes. Pure. */
void console_feed(struct console *console, const char *data, size_t len);

#endif
