/* fuzz_cookie.c: who may call an agent. What was understood is written the same. */
#include <stdlib.h>
#include <string.h>

#include "interop/link/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cookie cookie, again;
	char text[COOKIE_TEXT];

	if (cookie_parse(&cookie, (const char *)data, size) < 0)
		return 0;
	if (!cookie.port || cookie_parse(&again, text, cookie_format(&cookie, text)) < 0 ||
	    memcmp(&cookie, &again, sizeof(cookie)) != 0)
		abort();
	return 0;
}
