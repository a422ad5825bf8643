/* fuzz_key.c: key files. What is read is written and read again as the same. */
#include <stdlib.h>
#include <string.h>

#include "interop/link/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[KEY_TEXT_MAX];
	struct key key, again;
	size_t len;

	if (key_parse(&key, (const char *)data, size))
		return 0;
	len = key_format(&key, text, sizeof(text));
	if (!len || key_parse(&again, text, len))
		abort();
	if (memcmp(key.own, again.own, KEY_OWN) != 0 ||
	    memcmp(key.peer, again.peer, KEY_PEER) != 0 || key.until != again.until)
		abort();
	return 0;
}
