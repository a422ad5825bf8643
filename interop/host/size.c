/* size.c: sizes as a person writes them. */
#include "interop/host/size.h"

#include <stdlib.h>
#include <string.h>

int size_parse(unsigned *mib, const char *text, unsigned min, unsigned max)
{
	char *end = NULL;
	unsigned long n = 0;

	if (*text >= '0' && *text <= '9')
		n = strtoul(text, &end, 10);
	if (end && n <= max && (*end == 'G' || *end == 'g'))
		n *= 1024;
	if (end && *end && strchr("MmGg", *end))
		end++;
	if (!end || *end || n < min || n > max)
		return -1;
	*mib = (unsigned)n;
	return 0;
}
