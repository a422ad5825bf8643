/* log.c: one line per event, one write(2) per line. */
#include "lib/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <unistd.h>

#include "lib/fmt.h"

void log_line(const struct log *log, enum log_level level, const char *format, ...)
{
	char line[1000];
	size_t len = 0;
	int saved = errno;
	va_list args;
	struct pollfd room = { .fd = log->fd, .events = POLLOUT };

	if (log->fd < 0 || (int)level > log->max)
		return;
	if (log->polls && poll(&room, 1, 0) != 1)
		return;
	if (log->kmsg)
		len = fmt(line, sizeof(line), "<%d>", (int)level);
	len += fmt(line + len, sizeof(line) - len, "%s: ", log->who);
	va_start(args, format);
	len += fmt_va(line + len, sizeof(line) - len, format, args);
	va_end(args);
	if (len > sizeof(line) - 1)
		len = sizeof(line) - 1;
	line[len++] = '\n';
	/* A log that cannot be written has nobody to tell. */
	if (write(log->fd, line, len) < 0)
		errno = saved;
	errno = saved;
}
