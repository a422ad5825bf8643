/* fuzz_handler.c: any text as an entry of binfmt_misc. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "binfmt/binfmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);

	memcpy(text, data, len);
	text[len] = '\0';
	if (binfmt_takes_exe(text) && strncmp(text, "enabled\n", 8) != 0)
		abort();
	free(text);
	return 0;
}
