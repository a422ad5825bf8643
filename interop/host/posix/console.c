/* console.c: finds /init's own lines among the kernel's. */
#include "interop/host/posix/console.h"

#include <string.h>

#include "lib/lib.h"

static void take_line(struct console *c)
{
	static const char failed[] = "landbridge: failed ", shell[] = "landbridge: emergency shell";
	const char *found;

	c->line[c->used] = '\0';
	found = strstr(c->line, failed);
	if (found)
		fmt(c->failed, sizeof(c->failed), "%s", found + sizeof(failed) - 1);
	if (strstr(c->line, shell))
		c->emergency = true;
	c->used = 0;
}

void console_feed(struct console *c, const char *data, size_t len)
{
	for (; len > 0; data++, len--) {
		if (*data == '\n')
			take_line(c);
		/* A line that reaches a person must not drive their terminal. */
		else if (((unsigned char)*data >= ' ' && *data != 0x7f) &&
			 c->used < sizeof(c->line) - 1)
			c->line[c->used++] = *data;
	}
}
