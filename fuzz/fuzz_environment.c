/* fuzz_environment.c: the lines of /etc/environment. Names are names, and all stays
 * inside the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "init/env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *at = text;
	const char *name, *value;

	memcpy(text, data, size);
	text[size] = '\0';
	while (environment_next(&at, &name, &value))
		if (name < text || value <= name || value + strlen(value) > text + size ||
		    strlen(name) == 0 || strchr(name, '=') || strpbrk(value, "\n#"))
			abort();
	free(text);
	return 0;
}
