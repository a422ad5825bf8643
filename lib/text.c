/* text.c: text from elsewhere: what may be shown on a terminal, and what is a name. */
#include "lib/text.h"

#include <string.h>

size_t text_control(const uint8_t *at, size_t left)
{
	if (at[0] < 0x20 || at[0] == 0x7f)
		return 1;
	if (at[0] == 0xc2 && left > 1 && at[1] >= 0x80 && at[1] < 0xa0)
		return 2;
	return at[0] >= 0x80 && at[0] < 0xa0 ? 1 : 0;
}

size_t text_character(const uint8_t *at, size_t left)
{
	size_t len = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc2 ? 2 : 1;

	for (size_t i = 1; i < len; i++)
		if (i >= left || (at[i] & 0xc0) != 0x80)
			return 1;
	return len;
}

bool text_clean(const void *text, size_t len)
{
	const uint8_t *at = text;

	for (size_t i = 0; i < len; i += text_character(at + i, len - i))
		if (text_control(at + i, len - i))
			return false;
	return true;
}

bool ascii_is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

size_t ascii_span(const char *text, const char *extra)
{
	size_t len = 0;

	while (ascii_is_alnum(text[len]) || (text[len] && strchr(extra, text[len])))
		len++;
	return len;
}
