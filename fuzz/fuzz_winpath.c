/* fuzz_winpath.c: Wine's registry files, as system.reg and as user.reg. */
#include <stdlib.h>
#include <string.h>

#include "interop/host/posix/winpath.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	/* The first byte says how much of the rest is system.reg. */
	size_t split = size ? (size - 1) * data[0] / 255 : 0;
	const char *text = (const char *)data + (size > 0);
	struct registry r = { { text, split }, { text + split, size ? size - 1 - split : 0 } };
	char out[512];
	ssize_t n = winpath_get(&r, out, sizeof(out));

	if (!memchr(out, 0, sizeof(out)) || (n >= 0 && (size_t)n >= sizeof(out)))
		abort();
	return 0;
}
