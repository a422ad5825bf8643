/* winpath.c: reads PATH out of Wine's text registry. */
#include "interop/host/posix/winpath.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "lib/lib.h"

#define SYSTEM_KEY(set) "System\\\\" set "\\\\Control\\\\Session Manager\\\\Environment"
#define USER_KEY "Environment"
#define VOLATILE_KEY "Volatile Environment"

enum { VALUE_MAX = 4096, LIST_MAX = 64 * 1024, NAME_MAX_LEN = 64 };

/* One line without its end; false at the end of the text. */
static bool next_line(const char **at, const char *end, const char **line, size_t *len)
{
	const char *stop;

	if (*at >= end)
		return false;
	stop = memchr(*at, '\n', (size_t)(end - *at));
	if (!stop)
		stop = end;
	*line = *at;
	*len = (size_t)(stop - *at);
	*at = stop + 1;
	if (*len > 0 && (*line)[*len - 1] == '\r')
		--*len;
	return true;
}

/* Whether [line, len) begins with open, text, close. */
static bool begins(const char *line, size_t len, const char *frame, const char *text)
{
	size_t n = strlen(text);

	return len >= n + 2 && line[0] == frame[0] && strncasecmp(line + 1, text, n) == 0 &&
	       line[n + 1] == frame[1];
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A UTF-16 unit as UTF-8; a lone half of a pair has no character. */
static void put_unit(struct writer *w, uint32_t unit)
{
	if (unit < 0x80) {
		write_u8(w, (uint8_t)unit);
	} else if (unit < 0x800) {
		write_u8(w, (uint8_t)(0xc0 | unit >> 6));
		write_u8(w, (uint8_t)(0x80 | (unit & 0x3f)));
	} else {
		if (unit >= 0xd800 && unit < 0xe000)
			unit = 0xfffd;
		write_u8(w, (uint8_t)(0xe0 | unit >> 12));
		write_u8(w, (uint8_t)(0x80 | (unit >> 6 & 0x3f)));
		write_u8(w, (uint8_t)(0x80 | (unit & 0x3f)));
	}
}

/* \x and up to four digits; *at is behind the x. */
static int take_hex(const char **at, const char *end, struct writer *w)
{
	uint32_t unit = 0;
	int digits = 0;

	while (*at < end && digits < 4 && hex_value(**at) >= 0) {
		unit = unit << 4 | (uint32_t)hex_value(*(*at)++);
		digits++;
	}
	if (digits == 0 || unit == 0)
		return -EPROTO;
	put_unit(w, unit);
	return 0;
}

static int take_escape(const char **at, const char *end, struct writer *w)
{
	static const char from[] = "\\\"nrt", to[] = "\\\"\n\r\t";
	const char *known;

	if (*at >= end)
		return -EPROTO;
	if (**at == 'x') {
		++*at;
		return take_hex(at, end, w);
	}
	known = memchr(from, **at, sizeof(from) - 1);
	if (!known)
		return -EPROTO;
	write_u8(w, (uint8_t)to[known - from]);
	++*at;
	return 0;
}

/* at: behind the opening quotation mark. */
static ssize_t take_quoted(const char *at, const char *end, char *out, size_t size)
{
	struct writer w;
	char c;

	writer_init(&w, out, size);
	for (;;) {
		if (at >= end)
			return -EPROTO;
		c = *at++;
		if (c == '"')
			break;
		if (c != '\\')
			write_u8(&w, (uint8_t)c);
		else if (take_escape(&at, end, &w) < 0)
			return -EPROTO;
	}
	write_u8(&w, 0);
	return w.bad ? -ENAMETOOLONG : (ssize_t)w.used - 1;
}

static ssize_t take_value(const char *at, const char *end, char *out, size_t size)
{
	static const char *const kinds[] = { "=\"", "=str(2):\"", "=str:\"" };
	size_t i, n;

	for (i = 0; i < array_len(kinds); i++) {
		n = strlen(kinds[i]);
		if ((size_t)(end - at) > n && memcmp(at, kinds[i], n) == 0)
			return take_quoted(at + n, end, out, size);
	}
	return -EPROTO;
}

ssize_t registry_string(const struct registry_file *file, const char *key, const char *name,
			char *out, size_t size)
{
	const char *at = file->text, *end = at + file->len, *line;
	bool inside = false;
	size_t len;

	while (at && next_line(&at, end, &line, &len)) {
		if (len > 0 && line[0] == '[')
			inside = begins(line, len, "[]", key);
		else if (inside && begins(line, len, "\"\"", name))
			return take_value(line + strlen(name) + 2, line + len, out, size);
	}
	return -ENOENT;
}

/* In Wine 10 the current set is a link, as on Windows; the other is where it
 * leads. */
static ssize_t system_string(const struct registry *r, const char *name, char *out, size_t size)
{
	ssize_t n = registry_string(&r->system, SYSTEM_KEY("CurrentControlSet"), name, out, size);

	if (n == -ENOENT)
		n = registry_string(&r->system, SYSTEM_KEY("ControlSet001"), name, out, size);
	return n;
}

/* The value of %name%. */
static ssize_t variable(const struct registry *r, const char *name, char *out, size_t size)
{
	static const struct {
		const char *name, *value;
	} fixed[] = {
		{ "SystemRoot", "C:\\windows" },
		{ "windir", "C:\\windows" },
		{ "SystemDrive", "C:" },
		{ "ProgramFiles", "C:\\Program Files" },
		{ "ProgramFiles(x86)", "C:\\Program Files (x86)" },
		{ "ProgramData", "C:\\ProgramData" },
		{ "ALLUSERSPROFILE", "C:\\ProgramData" },
	};
	ssize_t n;
	size_t i;

	for (i = 0; i < array_len(fixed); i++)
		if (strcasecmp(name, fixed[i].name) == 0)
			return (ssize_t)fmt(out, size, "%s", fixed[i].value);
	n = registry_string(&r->user, VOLATILE_KEY, name, out, size);
	if (n < 0)
		n = registry_string(&r->user, USER_KEY, name, out, size);
	if (n < 0)
		n = system_string(r, name, out, size);
	/* One level is enough; a value that needs more is not a directory. */
	return n >= 0 && strchr(out, '%') ? -ENOENT : n;
}

/* Expands the %NAME% whose first % is at `at`; returns what follows it. */
static const char *expand_one(const struct registry *r, const char *at, const char *end,
			      struct writer *w)
{
	char name[NAME_MAX_LEN], value[VALUE_MAX];
	const char *close = memchr(at + 1, '%', (size_t)(end - at - 1));
	size_t len;
	ssize_t n;

	if (!close)
		return NULL;
	len = (size_t)(close - at - 1);
	if (len == 0 || len >= sizeof(name))
		return NULL;
	memcpy(name, at + 1, len);
	name[len] = '\0';
	n = variable(r, name, value, sizeof(value));
	if (n < 0)
		return NULL;
	write_bytes(w, value, (size_t)n);
	return close + 1;
}

static bool expand(const struct registry *r, const char *at, const char *end, struct writer *w)
{
	while (at && at < end) {
		if (*at == '%')
			at = expand_one(r, at, end, w);
		else
			write_u8(w, (uint8_t)*at++);
	}
	return at != NULL;
}

/* Adds the elements of one list, separated by ; */
static int add_list(const struct registry *r, const char *list, struct writer *w)
{
	size_t len, start;
	int error = 0;

	for (;; list += len + 1) {
		len = strcspn(list, ";");
		start = w->used;
		if (len > 0 && start > 0)
			write_u8(w, ';');
		if (len > 0 && (!expand(r, list, list + len, w) || w->bad))
			w->used = start;
		if (w->bad)
			error = -ENAMETOOLONG;
		w->bad = false;
		if (!list[len])
			return error;
	}
}

/* What registry_string gave. */
static int add_value(const struct registry *r, const char *list, ssize_t len, struct writer *w)
{
	if (len == -ENAMETOOLONG)
		return (int)len;
	return len > 0 ? add_list(r, list, w) : 0;
}

ssize_t winpath_get(const struct registry *registry, char *out, size_t size)
{
	char list[LIST_MAX];
	struct writer w;
	int machine, user;
	ssize_t len;

	writer_init(&w, out, size - 1);
	len = system_string(registry, "PATH", list, sizeof(list));
	machine = add_value(registry, list, len, &w);
	len = registry_string(&registry->user, USER_KEY, "PATH", list, sizeof(list));
	user = add_value(registry, list, len, &w);
	out[w.used] = '\0';
	return machine < 0 ? machine : user < 0 ? user : (ssize_t)w.used;
}
