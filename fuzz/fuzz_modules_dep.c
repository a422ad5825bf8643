/* fuzz_modules_dep.c: modules.dep. Input: a name, a line feed, the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/modules_dep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct piece p, const char *text, size_t len)
{
	if (p.at < text || p.at > text + len || p.len > (size_t)(text + len - p.at))
		abort();
}

static void try_find(const char *name, const char *text, size_t len)
{
	struct module_dep line;
	struct piece need;
	char found[64];

	if (!modules_dep_find((struct piece){ text, len }, name, &line))
		return;
	inside(line.path, text, len);
	inside(line.needs, text, len);
	module_name(line.path, found, sizeof(found));
	if (strlen(found) != (strlen(name) < 63 ? strlen(name) : 63))
		abort();
	while (modules_dep_last(&line.needs, &need)) {
		inside(need, text, len);
		if (need.len == 0 || memchr(need.at, ' ', need.len))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end;
	char name[64];
	size_t len;

	if (module_unsigned((const char *)data, size) > size)
		abort();
	end = memchr(data, '\n', size);
	len = end ? (size_t)(end - data) : 0;

	if (!end || len >= sizeof(name))
		return 0;
	memcpy(name, data, len);
	name[len] = '\0';
	try_find(name, (const char *)end + 1, size - len - 1);
	return 0;
}
