/* snprintf for musl's inet_ntop(3) in /init, which is all that is left of stdio there. */
#include <stdio.h>

#include "lib/fmt.h"

int snprintf(char *restrict buf, size_t size, const char *restrict format, ...)
{
	va_list args;
	size_t len;

	va_start(args, format);
	len = fmt_va(buf, size, format, args);
	va_end(args);
	return (int)len;
}
