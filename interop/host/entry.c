/* entry.c: one line of audit.log. */
#include "interop/host/entry.h"

#include "interop/host/plain.h"
#include "lib/fmt.h"

size_t entry_format(char line[ENTRY_MAX], const struct tm *when, const char *format, va_list args)
{
	const size_t room = ENTRY_MAX - 1; /* without the newline */
	size_t head = strftime(line, room, "%Y-%m-%dT%H:%M:%SZ ", when);
	size_t len = head + fmt_va(line + head, room - head, format, args);

	len = len < room ? len : room - 1;
	for (size_t i = head; i < len; i++)
		if (line[i] == '\n' || line[i] == '\t')
			line[i] = ' ';
	len = plain_text(line, len);
	line[len++] = '\n';
	return len;
}
