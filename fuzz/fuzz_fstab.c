/* fuzz_fstab.c: the lines of fstab(5), and a path that they may mount on. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "init/fstab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first line is the path. A line made of it is found, wherever it stands. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(2 * size + 16), *path = text + size + 8, *end;

	memcpy(text, data, size);
	text[size] = '\0';
	end = text + strcspn(text, "\n");
	memcpy(path, text, (size_t)(end - text));
	path[end - text] = '\0';
	fstab_names(*end ? end + 1 : end, path);
	if (path[0] == '/' && !path[strcspn(path, " \t\\")]) {
		memcpy(text, "C: ", 3);
		memcpy(text + 3, path, strlen(path) + 1);
		if (!fstab_names(text, text + 3))
			abort();
	}
	free(text);
	return 0;
}
