/* wide.c: UTF-8 and UTF-16. */
#include "lib/win32/wide.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <windows.h>

wchar_t *wide_new(const char *text, size_t len, size_t *count)
{
	int units = len > 0 && len < INT_MAX
			    ? MultiByteToWideChar(CP_UTF8, 0, text, (int)len, NULL, 0)
			    : 0;
	wchar_t *wide = malloc(((size_t)units + 1) * sizeof(*wide));

	if (!wide)
		return NULL;
	if (units > 0)
		MultiByteToWideChar(CP_UTF8, 0, text, (int)len, wide, units);
	wide[units] = L'\0';
	if (count)
		*count = (size_t)units;
	return wide;
}

long wide_to_utf8(char *out, size_t size, const wchar_t *text)
{
	int room = size < INT_MAX ? (int)size : INT_MAX;
	int len =
		WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, text, -1, out, room, NULL, NULL);

	if (len > 0)
		return len - 1;
	return GetLastError() == ERROR_INSUFFICIENT_BUFFER ? -ENAMETOOLONG : -EILSEQ;
}
