/* fuzz_shimname.c: the names of a file on the host, which may be anything. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "init/shimname.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *entry = malloc(size + 1), *name = malloc(SHIM_NAME);
	int count = 0;

	memcpy(entry, data, size);
	entry[size] = '\0';
	for (int form = 0; form < SHIM_FORMS; form++) {
		if (!shim_name(name, entry, (enum shim_form)form))
			continue;
		count++;
		if (!*name || *name == '.' || !text_clean(name, strlen(name)))
			abort();
	}
	if (count && !shim_name(name, entry, SHIM_LOWER))
		abort();
	free(entry);
	free(name);
	return 0;
}
