/* fuzz_forward.c: forwards. What was understood names a port on both sides. */
#include <stdlib.h>
#include <string.h>

#include "interop/host/forward.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct address there;
	struct forward f;

	memcpy(text, data, size);
	text[size] = '\0';
	if (forward_parse(&f, text) == 0 &&
	    (!f.here.port || f.here.kind != ADDRESS_TCP || address_parse(&there, f.there)))
		abort();
	free(text);
	return 0;
}
