/* fuzz_who.c: any bytes as lists of names, passwd(5) and group(5), between NULs. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "interop/guest/who.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct who_files files;
	char *part[4], *text = malloc(len + 4), *at = text;
	struct who who;

	memcpy(text, data, len);
	memset(text + len, 0, 4);
	for (int i = 0; i < 4; i++) {
		part[i] = at;
		at += strlen(at) + (at < text + len);
	}
	who = (struct who){ part[0], part[1] };
	files = (struct who_files){ part[2], strlen(part[2]), part[3], strlen(part[3]) };
	if (!who_may(&who, 0, &files))
		abort();
	who_may(&who, 1000, &files);
	free(text);
	return 0;
}
