/* moddep.c: reads modules.dep. */
#include <string.h>

#include "interop/host/posix/initramfs.h"

/* Whether the file at [path, len) is the module `name`. */
static bool is_module(const char *path, size_t len, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = len; i > 0; i--) {
		if (path[i - 1] == '/') {
			path += i;
			len -= i;
			break;
		}
	}
	if (len < n + 3 || memcmp(path + n, ".ko", 3) != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((path[i] == '-' ? '_' : path[i]) != (name[i] == '-' ? '_' : name[i]))
			return false;
	return len == n + 3 || path[n + 3] == '.';
}

bool moddep_find(const char *text, size_t len, const char *name, struct moddep *found)
{
	const char *end = text + len, *stop, *colon;

	for (; text < end; text = stop + 1) {
		stop = memchr(text, '\n', (size_t)(end - text));
		if (!stop)
			stop = end;
		colon = memchr(text, ':', (size_t)(stop - text));
		if (!colon || !is_module(text, (size_t)(colon - text), name))
			continue;
		*found = (struct moddep){ text, (size_t)(stop - text) };
		return true;
	}
	return false;
}

bool moddep_next(const struct moddep *dep, size_t *pos, const char **path, size_t *len)
{
	size_t start, at = *pos;

	while (at < dep->len && (dep->line[at] == ' ' || dep->line[at] == ':'))
		at++;
	for (start = at; at < dep->len && dep->line[at] != ' ' && dep->line[at] != ':'; at++)
		;
	*path = dep->line + start;
	*len = at - start;
	*pos = at;
	return at > start;
}
