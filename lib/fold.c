/* fold.c: names without regard to case. */
#include "lib/fold.h"

#include <stdint.h>

#include "lib/macros.h"

/* Upper case letters, and how far away their lower case is. */
static const struct {
	uint16_t first, last, distance;
} ranges[] = {
	{ 'A', 'Z', 0x20 },     { 0xc0, 0xd6, 0x20 },   { 0xd8, 0xde, 0x20 },
	{ 0x391, 0x3a1, 0x20 }, { 0x3a3, 0x3ab, 0x20 }, { 0x400, 0x40f, 0x50 },
	{ 0x410, 0x42f, 0x20 },
};

static uint32_t lower(uint32_t c)
{
	for (size_t i = 0; i < array_len(ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return c + ranges[i].distance;
	return c;
}

/* The next character where it is of one or two bytes, else the next byte, above
 * all characters. */
static uint32_t next(const char *text, size_t len, size_t *at)
{
	const uint8_t *t = (const uint8_t *)text + *at;
	size_t left = len - *at;

	(*at)++;
	if (t[0] < 0x80)
		return t[0];
	if (t[0] < 0xc2 || t[0] > 0xdf || left < 2 || (t[1] & 0xc0) != 0x80)
		return 0x10000u + t[0];
	(*at)++;
	return (t[0] & 0x1fu) << 6 | (t[1] & 0x3fu);
}

bool fold_equal(const char *a, const char *b, size_t len)
{
	size_t i = 0, j = 0;

	while (i < len && a[i] == b[i])
		j = ++i;
	/* Not from inside a character. */
	while (i > 0 && ((uint8_t)a[i - 1] & 0x80))
		j = --i;
	while (i < len && j < len)
		if (lower(next(a, len, &i)) != lower(next(b, len, &j)))
			return false;
	return i == j;
}
