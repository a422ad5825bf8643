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

/* Those for which there is no room are in the log. */
static void wrong_add(struct console *c, const char *line)
{
	size_t room = sizeof(c->wrong) - c->wrong_len;
	size_t len = fmt(c->wrong + c->wrong_len, room, "%s\n", line);

	c->wrong_len += len < room ? len : 0;
}

static void take_line(struct console *c)
{
	char wrong[256];

	/* A line that reaches a person must not drive their terminal. */
	c->line[plain_text(c->line, c->used)] = '\0';
	c->used = 0;
	if (find(c->line, "landbridge: failed ", c->failed, sizeof(c->failed)))
		wrong_add(c, c->failed);
	else if (find(c->line, "landbridge: warning ", wrong, sizeof(wrong)))
		wrong_add(c, wrong);
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

bool console_wrong(struct console *c, char *out, size_t size)
{
	const char *line = c->wrong + c->wrong_taken;
	size_t left = c->wrong_len - c->wrong_taken;
	const char *end = memchr(line, '\n', left);

	if (!end)
		return false;
	fmt(out, size, "%.*s", (int)(end - line), line);
	c->wrong_taken += (size_t)(end - line) + 1;
	return true;
}
