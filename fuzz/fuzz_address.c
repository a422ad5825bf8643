/* fuzz_address.c: addresses, as they come from a kernel's command line. */
#include <stdlib.h>
#include <string.h>

#include "interop/link/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address a;
	char text[512];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	if (address_parse(&a, text))
		return 0;
	if (a.kind == ADDRESS_UNIX && strlen(a.name) > ADDRESS_UNIX_MAX)
		abort();
	if (a.kind == ADDRESS_VSOCK ? !a.cid || !a.port : !a.name[0])
		abort();
	for (const char *p = a.name; *p; p++)
		if ((unsigned char)*p < ' ')
			abort();
	return 0;
}
