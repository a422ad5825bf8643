/* fuzz_profile.c: a distribution's settings, as it may have been edited, and what the
 * options make of them. Input: the text. */
#include <stdlib.h>
#include <string.h>

#include "interop/host/options.h"
#include "interop/host/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was set is what is read back. */
static void change(const uint8_t *data, size_t size)
{
	char *text = malloc(PROFILE_MAX), *at = text, *found = NULL;
	size_t len = size < PROFILE_MAX - 64 ? size : PROFILE_MAX - 64;
	struct profile_line line;

	memcpy(text, data, len);
	text[len] = '\0';
	if (profile_set(text, "user", "ann") < 0)
		abort();
	while (profile_next(&at, &line))
		if (strcmp(line.key, "user") == 0) {
			if (found)
				abort();
			found = line.value;
		}
	if (!found || strcmp(found, "ann") != 0)
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options *o = calloc(1, sizeof(*o));
	char *text = malloc(size + 1), *at = text;
	struct profile_line line;
	struct fault why;

	memcpy(text, data, size);
	text[size] = '\0';
	while (profile_next(&at, &line)) {
		if (strpbrk(line.key, "\n=") || at > text + size)
			abort();
		why = (struct fault){ 0 };
		if (line.value && options_default(o, line.key, line.value, &why) < 0 && !why.status)
			abort();
	}
	free(text);
	free(o);
	change(data, size);
	return 0;
}
