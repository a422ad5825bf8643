/* plain.c: takes out of a text what would drive a terminal. */
#include "interop/host/plain.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The length of the UTF-8 character at `at`, from U+00A0 on; 0: none is there. */
static size_t character(const uint8_t *at, size_t len)
{
	size_t n = at[0] >= 0xc2 && at[0] < 0xe0   ? 2
		   : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
		   : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
						   : 0;

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	/* C1; spelled too long; a surrogate; beyond U+10FFFF */
	if ((at[0] == 0xc2 && at[1] < 0xa0) || (at[0] == 0xe0 && at[1] < 0xa0) ||
	    (at[0] == 0xed && at[1] >= 0xa0) || (at[0] == 0xf0 && at[1] < 0x90) ||
	    (at[0] == 0xf4 && at[1] >= 0x90))
		return 0;
	return n;
}

static bool is_shown(uint8_t byte)
{
	return (byte >= ' ' && byte < 0x7f) || byte == '\n' || byte == '\t';
}

size_t plain_text(char *text, size_t len)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t used = 0, n;

	for (size_t i = 0; i < len; i += n ? n : 1) {
		n = is_shown(at[i]) ? 1 : character(at + i, len - i);
		memmove(text + used, text + i, n);
		used += n;
	}
	return used;
}
