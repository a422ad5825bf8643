/* fault.c: what could not be done, in one line. */
#include "interop/host/host.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "interop/host/plain.h"
#include "lib/fmt.h"
#include "lib/log.h"

int fault_set(struct fault *why, int status, const char *format, ...)
{
	va_list args;

	if (why->status)
		return -1;
	why->status = status;
	va_start(args, format);
	fmt_va(why->text, sizeof(why->text), format, args);
	va_end(args);
	return -1;
}

/* Much of what is said comes from a guest: names, and what its programs answered. */
int fault_print(const struct fault *why)
{
	const struct log log = { .fd = STDERR_FILENO, .who = "landbridge", .max = LOG_LEVEL_NOTE };
	struct fault shown = *why;

	for (char *c = shown.text; *c; c++)
		if (*c == '\n')
			*c = '?';
	shown.text[plain_text(shown.text, strlen(shown.text))] = '\0';
	log_err(&log, "%s", shown.text);
	return why->status;
}

void note(const char *format, ...)
{
	const struct log log = { .fd = STDERR_FILENO, .who = "landbridge", .max = LOG_LEVEL_NOTE };
	char text[512];
	va_list args;

	if (!isatty(STDERR_FILENO))
		return;
	va_start(args, format);
	fmt_va(text, sizeof(text), format, args);
	va_end(args);
	log_note(&log, "%s", text);
}

int path_format(char *out, size_t size, const char *format, ...)
{
	va_list args;
	size_t len;

	va_start(args, format);
	len = fmt_va(out, size, format, args);
	va_end(args);
	return len < size ? 0 : -ENAMETOOLONG;
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
