/* fuzz_mountopts.c: the options and the source of a drive, and host names.
 * Input: options, a line feed, a source. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "init/etc.h"
#include "init/mountopts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_options(const char *words)
{
	struct mountopts o = { 0 };

	mountopts_add(&o, words);
	mountopts_add(&o, words);
	if (strnlen(o.data, sizeof(o.data)) == sizeof(o.data) ||
	    strnlen(o.server, sizeof(o.server)) == sizeof(o.server) || o.server[0] == ',' ||
	    o.data[0] == ',')
		abort();
}

static void try_source(const char *source)
{
	const char *rest;
	char letter, path[64], name[HOSTNAME_SIZE];

	hostname_clean(name, source);
	if (!*name || name[0] == '-' || name[strlen(name) - 1] == '.')
		abort();
	if (drive_source(source, &letter, &rest) < 0)
		return;
	if (letter < 'A' || letter > 'Z' || rest < source + 2)
		abort();
	if (drive_subpath(path, sizeof(path), "/mnt/c", rest) == 0 &&
	    (strncmp(path, "/mnt/c", 6) != 0 || strstr(path, "/../")))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *source;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	source = strchr(text, '\n');
	if (source)
		*source++ = '\0';
	try_options(text);
	try_source(source ? source : text);
	free(text);
	return 0;
}
