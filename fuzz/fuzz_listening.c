/* fuzz_listening.c: a line of the table of TCP sockets, as the kernel would print it. */
#include <stdlib.h>
#include <string.h>

#include "interop/guest/listening.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1);
	struct listening found;

	memcpy(line, data, size);
	line[size] = '\0';
	if (listening_line(line, &found) && !found.port)
		abort();
	free(line);
	return 0;
}
