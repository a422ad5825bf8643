/* fuzz_script.c: any bytes as the first line of a script. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "binfmt/binfmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *interpreter, *arg;
	char *line = calloc(1, SCRIPT_LINE);

	memcpy(line, data, len < SCRIPT_LINE - 1 ? len : SCRIPT_LINE - 1);
	if (script_line(line, &interpreter, &arg)) {
		if (!*interpreter || strpbrk(interpreter, " \t\n"))
			abort();
		if (arg && (!*arg || strchr(arg, '\n')))
			abort();
	}
	free(line);
	return 0;
}
