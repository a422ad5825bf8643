/* winline.c: quoting for Windows programs and for batch files. */
#include "interop/host/winline.h"

#include <errno.h>
#include <string.h>

/* Bytes of the UTF-8 sequence at p, or 0. */
static int sequence(const unsigned char *p)
{
	static const unsigned long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned long value;
	int len, i;

	if (p[0] < 0x80)
		return 1;
	len = p[0] >= 0xf0 && p[0] < 0xf8 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 0;
	if (len == 0 || p[0] >= 0xf8)
		return 0;
	value = p[0] & (0x7fU >> len);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3fU);
	}
	if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	return len;
}

long utf16_units(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	long units = 0;
	int len;

	for (; *p; p += len) {
		len = sequence(p);
		if (len == 0)
			return -EILSEQ;
		units += len == 4 ? 2 : 1;
	}
	return units;
}

static void line_init(struct winline *line, void *buf, size_t size, size_t units_max)
{
	writer_init(&line->out, buf, size);
	line->units = 0;
	line->units_max = units_max;
	line->error = 0;
	line->part = WINCMD_SWITCHES;
	line->first = NULL;
}

/* ASCII text of our own. */
static void put(struct winline *line, const char *text)
{
	size_t len = strlen(text);

	write_bytes(&line->out, text, len);
	line->units += len;
}

static void put_byte(struct winline *line, char c)
{
	write_bytes(&line->out, &c, 1);
	/* A unit for each sequence's first byte, two for one of four bytes. */
	if (((unsigned char)c & 0xc0) != 0x80)
		line->units += (unsigned char)c >= 0xf0 ? 2 : 1;
}

static void put_repeated(struct winline *line, char c, size_t count)
{
	while (count-- > 0 && !line->out.bad)
		put_byte(line, c);
}

static int line_fail(struct winline *line, int error)
{
	if (!line->error)
		line->error = error;
	return line->error;
}

static int line_check(struct winline *line)
{
	if (line->units > line->units_max || line->out.bad)
		line_fail(line, -E2BIG);
	return line->error;
}

/* Text that may be quoted: valid UTF-8 and nothing from `forbidden`. */
static int text_check(struct winline *line, const char *text, const char *forbidden)
{
	if (utf16_units(text) < 0)
		return line_fail(line, -EILSEQ);
	if (text[strcspn(text, forbidden)])
		return line_fail(line, -EINVAL);
	return line->error;
}

int winline_begin(struct winline *line, void *buf, size_t size, const char *arg0)
{
	line_init(line, buf, size, WINLINE_MAX);
	/* The parser reads the first word without any escapes. */
	if (text_check(line, arg0, "\"") < 0)
		return line->error;
	put(line, "\"");
	for (; *arg0; arg0++)
		put_byte(line, *arg0);
	put(line, "\"");
	return line_check(line);
}

/* Quotes one argument; `quote` is what stands for a quotation mark in it,
 * after the backslashes before it were doubled. */
static void put_quoted(struct winline *line, const char *arg, const char *quote,
		       const char *percent)
{
	size_t slashes;

	put(line, "\"");
	for (;; arg++) {
		slashes = strspn(arg, "\\");
		arg += slashes;
		if (*arg == '"' || *arg == '\0')
			slashes *= 2;
		put_repeated(line, '\\', slashes);
		if (*arg == '\0' || line->out.bad)
			break;
		if (*arg == '"')
			put(line, quote);
		else if (*arg == '%')
			put(line, percent);
		else
			put_byte(line, *arg);
	}
	put(line, "\"");
}

int winline_arg(struct winline *line, const char *arg)
{
	/* * and ? because some C runtimes expand file names; the shell has. */
	const char *special = " \t\n\v\f\r\"*?";

	if (text_check(line, arg, "") < 0)
		return line->error;
	put(line, " ");
	if (*arg && !arg[strcspn(arg, special)])
		while (*arg)
			put_byte(line, *arg++);
	else
		put_quoted(line, arg, "\\\"", "%");
	return line_check(line);
}

int winline_end(struct winline *line)
{
	write_u8(&line->out, 0);
	return line_check(line);
}

static bool batch_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c > 0x7f || strchr("#$*+-./:?@\\_", c);
}

static bool batch_needs_quotes(const char *arg)
{
	size_t len = strlen(arg);

	if (len == 0 || arg[len - 1] == '\\')
		return true;
	for (; *arg; arg++) {
		const unsigned char *p = (const unsigned char *)arg;

		/* U+0080 to U+009F are control characters. */
		if (!batch_plain(*p) || (p[0] == 0xc2 && p[1] < 0xa0))
			return true;
	}
	return false;
}

/* %cd:~,% expands to nothing, and after it cmd.exe takes the % for text. */
#define BATCH_PERCENT "%%cd:~,%"

int winbatch_begin(struct winline *line, void *buf, size_t size, const char *script)
{
	size_t len = strlen(script);

	line_init(line, buf, size, WINLINE_BATCH_MAX);
	if (text_check(line, script, "\"\r\n") < 0)
		return line->error;
	if (len == 0 || script[len - 1] == '\\')
		return line_fail(line, -EINVAL);
	put(line, "cmd.exe /e:ON /v:OFF /d /c \"\"");
	for (; *script; script++) {
		if (*script == '%')
			put(line, BATCH_PERCENT);
		else
			put_byte(line, *script);
	}
	put(line, "\"");
	return line_check(line);
}

int winbatch_arg(struct winline *line, const char *arg)
{
	if (text_check(line, arg, "\r\n") < 0)
		return line->error;
	put(line, " ");
	if (batch_needs_quotes(arg))
		put_quoted(line, arg, "\"\"", BATCH_PERCENT);
	else
		while (*arg)
			put_byte(line, *arg++);
	return line_check(line);
}

int winbatch_end(struct winline *line)
{
	put(line, "\"");
	return winline_end(line);
}

/* -Command would take what follows for text to run. RemoteSigned, since the default
 * of Windows runs no script at all; an administrator's policy wins over it. */
int winps_begin(struct winline *line, void *buf, size_t size, const char *script)
{
	if (winline_begin(line, buf, size, "powershell.exe") < 0)
		return line->error;
	put(line, " -NoProfile -ExecutionPolicy RemoteSigned -File");
	return winline_arg(line, script);
}

#define CMD_OPERATORS "&|<>"

/* && or 2>&1, but not &x. */
static bool is_operator(const char *arg)
{
	if (arg[0] >= '0' && arg[0] <= '9' && (arg[1] == '<' || arg[1] == '>'))
		arg++;
	if (!*arg || !strchr(CMD_OPERATORS, *arg))
		return false;
	arg += strspn(arg, CMD_OPERATORS);
	arg += *arg >= '0' && *arg <= '9';
	return !*arg;
}

/* "a b": its user has quoted it for cmd.exe already. */
static bool is_quoted(const char *arg)
{
	size_t len = strlen(arg);

	return len > 1 && arg[0] == '"' && strchr(arg + 1, '"') == arg + len - 1;
}

static void put_text(struct winline *line, const char *text)
{
	while (*text && !line->out.bad)
		put_byte(line, *text++);
}

/* Outside quotation marks ^ takes an operator's meaning away. */
static void put_escaped(struct winline *line, const char *arg)
{
	for (; *arg && !line->out.bad; arg++) {
		if (strchr(CMD_OPERATORS "^", *arg))
			put(line, "^");
		put_byte(line, *arg);
	}
}

static void put_word(struct winline *line, const char *arg)
{
	if (is_operator(arg) || is_quoted(arg))
		put_text(line, arg);
	else if (*arg && !arg[strcspn(arg, " \t\"")])
		put_escaped(line, arg);
	else
		put_quoted(line, arg, "\"\"", "%");
}

static bool is_switch(const char *arg)
{
	return arg[0] == '/' && arg[1] && strchr("cCkKrR", arg[1]) && !arg[2];
}

/* With /s cmd.exe takes away just the outer quotation marks. */
static int switches_arg(struct winline *line, const char *arg)
{
	if (!is_switch(arg))
		return winline_arg(line, arg);
	put(line, " /s ");
	put(line, arg);
	put(line, " \"");
	line->part = WINCMD_FIRST;
	return line_check(line);
}

int wincmd_arg(struct winline *line, const char *arg)
{
	if (line->part == WINCMD_SWITCHES)
		return switches_arg(line, arg);
	if (text_check(line, arg, "\r\n") < 0)
		return line->error;
	if (line->part == WINCMD_FIRST && !line->first) {
		line->first = arg;
		return 0;
	}
	if (line->part == WINCMD_FIRST)
		put_word(line, line->first);
	line->part = WINCMD_WORDS;
	put(line, " ");
	put_word(line, arg);
	return line_check(line);
}

int wincmd_end(struct winline *line)
{
	if (line->part == WINCMD_FIRST && line->first)
		put_text(line, line->first);
	if (line->part != WINCMD_SWITCHES)
		put(line, "\"");
	return winline_end(line);
}
