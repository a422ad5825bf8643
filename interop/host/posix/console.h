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
	char wrong[2048]; /* lines of that form: what failed, or is not as somebody wanted it */
	size_t wrong_len, wrong_taken;
	char panic[256]; /* what the kernel panicked of; "": it did not */
	bool emergency;  /* a shell waits on the console */
	bool halted;     /* the kernel stopped and left the machine on */
};

/* Takes the next bytes. Pure. */
void console_feed(struct console *console, const char *data, size_t len);

/* The next line of what went wrong; false: there is none that was not taken yet. */
bool console_wrong(struct console *console, char *out, size_t size);

#endif
