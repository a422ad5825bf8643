/* console.c: finds /init's own lines, and the kernel's last ones. */
#include "interop/host/posix/console.h"

#include <string.h>

#include "interop/host/plain.h"
#include "lib/lib.h"

/* What follows `word` in the line. */
static bool find(const char *line, const char *word, char *out, size_t size)
{
	const char *found = strstr(line, word);

	if (found)
		fmt(out, size, "%s", found + strlen(word));
	return found;
}

static void take_line(struct console *c)
{
	/* A line that reaches a person must not drive their terminal. */
	c->line[plain_text(c->line, c->used)] = '\0';
	c->used = 0;
	find(c->line, "landbridge: failed ", c->failed, sizeof(c->failed));
	if (!c->panic[0])
		find(c->line, "Kernel panic - not syncing: ", c->panic, sizeof(c->panic));
	c->emergency |= strstr(c->line, "landbridge: emergency shell") != NULL;
	c->halted |= strstr(c->line, "reboot: System halted") != NULL;
}

void console_feed(struct console *c, const char *data, size_t len)
{
	for (; len > 0; data++, len--) {
		if (*data == '\n')
			take_line(c);
		else if (c->used < sizeof(c->line) - 1)
			c->line[c->used++] = *data;
	}
}
