/* report.c: what a check-up finds. */
#include "lib/report.h"

#include <stdarg.h>
#include <string.h>

#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/text.h"

enum { TEXT_MAX = 512 };

static const char states[][5] = { "ok", "note", "fail" };

/* Without control characters, and as a string of JSON where that is wanted. */
static void text_put(char *out, size_t size, const char *text, bool json)
{
	size_t len = 0, left = strlen(text), step;

	for (; left > 0 && len + 8 < size; text += step, left -= step) {
		step = text_control((const uint8_t *)text, left);
		if (step > 0)
			continue;
		step = text_character((const uint8_t *)text, left);
		if (json && (*text == '"' || *text == '\\'))
			out[len++] = '\\';
		memcpy(out + len, text, step);
		len += step;
	}
	out[len] = '\0';
}

void report_line(struct checkup *r, enum report_state state, const char *check, const char *format,
		 ...)
{
	char text[TEXT_MAX], plain[2 * TEXT_MAX], line[3 * TEXT_MAX];
	va_list args;
	size_t len;

	va_start(args, format);
	fmt_va(text, sizeof(text), format, args);
	va_end(args);
	text_put(plain, sizeof(plain), text, r->json);
	r->failed |= state == REPORT_FAIL;
	len = fmt(line, sizeof(line),
		  r->json ? "{\"check\": \"%s\", \"state\": \"%s\", \"text\": \"%s\"}\n"
			  : "%-4s  %-9s %s\n",
		  r->json ? check : states[state], r->json ? states[state] : check, plain);
	fd_write_all(r->fd, line, len);
}
