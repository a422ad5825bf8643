/* fuzz_profile.c: a distribution's settings, as it may have been edited, and what the
 * options make of them. Input: the text. */
#include <stdlib.h>
#include <string.h>

#include "interop/host/options.h"
#include "interop/host/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	return 0;
}
