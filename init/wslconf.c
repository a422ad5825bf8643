/* wslconf.c: the grammar of /etc/wsl.conf. */
#include "init/wslconf.h"

#include <stdint.h>
#include <string.h>

/* The next character of UTF-16, half a pair is U+FFFD. */
static uint32_t utf16_take(const uint8_t **at, const uint8_t *end, bool big)
{
	uint32_t unit[2] = { 0, 0 };

	for (int i = 0; i < 2 && end - *at >= 2 * (i + 1); i++)
		unit[i] = (uint32_t)(*at)[2 * i + big] | (uint32_t)(*at)[2 * i + !big] << 8;
	*at += 2;
	if (unit[0] < 0xd800 || unit[0] > 0xdfff)
		return unit[0];
	if (unit[0] > 0xdbff || unit[1] < 0xdc00 || unit[1] > 0xdfff)
		return 0xfffd;
	*at += 2;
	return 0x10000 + ((unit[0] - 0xd800) << 10) + (unit[1] - 0xdc00);
}

static size_t utf8_put(char *out, uint32_t c)
{
	size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const uint8_t lead[] = { 0, 0xc0, 0xe0, 0xf0 };

	out[0] = (char)(lead[more] | c >> (6 * more));
	for (size_t i = 1; i <= more; i++)
		out[i] = (char)(0x80 | (c >> (6 * (more - i)) & 0x3f));
	return more + 1;
}

/* Three bytes come of two at most, so what is read stays ahead of what is
 * written when it begins far enough behind it. */
static size_t utf16_convert(char *text, size_t len, size_t size, bool *cut)
{
	bool big = (uint8_t)text[0] == 0xfe;
	size_t fits = size / 3 * 2, out = 0;
	const uint8_t *at, *end;

	*cut = *cut || len > fits;
	len = len < fits ? len : fits;
	memmove(text + size - len, text, len);
	at = (const uint8_t *)text + size - len + 2;
	end = (const uint8_t *)text + size;
	while (end - at >= 2)
		out += utf8_put(text + out, utf16_take(&at, end, big));
	return out;
}

size_t wslconf_utf8(char *text, size_t len, size_t size, bool *cut)
{
	if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return utf16_convert(text, len, size, cut);
	if (len < 3 || memcmp(text, "\xef\xbb\xbf", 3) != 0)
		return len;
	memmove(text, text + 3, len - 3);
	return len - 3;
}

void wslconf_init(struct wslconf *conf, char *text, size_t len)
{
	*conf = (struct wslconf){ .at = text, .end = text + len, .next_line = 1 };
	*conf->end = '\0';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

static void blanks_skip(struct wslconf *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
		c->at++;
}

static bool at_line_end(const struct wslconf *c)
{
	return c->at == c->end || *c->at == '\n' ||
	       (*c->at == '\r' && (c->at + 1 == c->end || c->at[1] == '\n'));
}

static void line_skip(struct wslconf *c)
{
	while (c->at < c->end && *c->at != '\n')
		c->at++;
	if (c->at < c->end)
		c->at++;
	c->next_line++;
}

/* A name; *end is where its NUL goes once what follows it has been read. */
static const char *name_take(struct wslconf *c, char **end)
{
	const char *name = c->at;

	if (c->at == c->end || !is_letter(*c->at))
		return NULL;
	while (c->at < c->end && is_name(*c->at))
		c->at++;
	*end = c->at;
	return name;
}

static enum wslconf_what bad(struct wslconf *c, const char *why)
{
	c->why = CFG_CHECK_CONFIG ? why : "it is not as wsl.conf(5) says";
	return WSLCONF_BAD;
}

static enum wslconf_what header_take(struct wslconf *c)
{
	const char *name;
	char *end;

	c->section = NULL;
	c->at++;
	blanks_skip(c);
	name = name_take(c, &end);
	if (!name)
		return bad(c, "a section is [NAME], of letters and digits");
	blanks_skip(c);
	if (c->at == c->end || *c->at != ']')
		return bad(c, "no ] ends the section's name");
	c->at++;
	blanks_skip(c);
	if (!at_line_end(c) && *c->at != '#')
		return bad(c, "more than a comment behind the ]");
	*end = '\0';
	c->section = name;
	return WSLCONF_ENTRY;
}

/* What follows a backslash: the byte it stands for, 0 for a joined line, or
 * -1. Leaves c->at behind it. */
static int escape_take(struct wslconf *c)
{
	c->at++;
	if (c->at < c->end && at_line_end(c)) {
		c->at += *c->at == '\r' && c->at + 1 < c->end;
		c->at++;
		c->next_line++;
		return 0;
	}
	switch (c->at < c->end ? *c->at++ : '\0') {
	case '\\':
		return '\\';
	case '"':
		return '"';
	case 'b':
		return '\b';
	case 'n':
		return '\n';
	case 't':
		return '\t';
	default:
		return -1;
	}
}

/* Reads up to the end of the line and writes the value over it. */
static enum wslconf_what value_take(struct wslconf *c)
{
	char *out = c->at, *keep = c->at; /* keep: after the last byte that is no loose blank */
	bool quoted = false;

	c->value = out;
	while (!at_line_end(c) && (quoted || *c->at != '#')) {
		int byte = (unsigned char)*c->at;

		if (byte == '"') {
			quoted = !quoted;
			keep = out;
			c->at++;
			continue;
		}
		if (byte == '\0')
			return bad(c, "there is a byte 0 in it");
		if (byte == '\\') {
			byte = escape_take(c);
			if (byte < 0)
				return bad(c, "after a \\ comes one of \\ \" b n t");
			if (byte == 0)
				continue;
			*out++ = (char)byte;
			keep = out;
			continue;
		}
		c->at++;
		*out++ = (char)byte;
		if (quoted || (byte != ' ' && byte != '\t'))
			keep = out;
	}
	if (quoted)
		return bad(c, "no \" ends the quoted text");
	line_skip(c); /* before the NUL below can hide the line's end */
	*keep = '\0';
	return WSLCONF_ENTRY;
}

static enum wslconf_what entry_take(struct wslconf *c)
{
	char *end;

	c->key = name_take(c, &end);
	if (!c->key)
		return bad(c, "this is no [section], key = value or # comment");
	blanks_skip(c);
	if (c->at == c->end || *c->at != '=')
		return bad(c, "no = comes after the key");
	if (!c->section)
		return bad(c, "no good [section] comes before it");
	c->at++;
	*end = '\0';
	blanks_skip(c);
	return value_take(c);
}

/* A value is written over its line, so its beginning is kept. */
static void beginning_keep(struct wslconf *c)
{
	size_t n = 0;

	for (const char *at = c->at; at < c->end && *at != '\n' && n < WSLCONF_SHOWN - 1; at++)
		c->text[n++] = *at < ' ' || *at > '~' ? '?' : *at;
	while (n > 0 && (c->text[n - 1] == '?' || c->text[n - 1] == ' '))
		n--;
	c->text[n] = '\0';
}

enum wslconf_what wslconf_next(struct wslconf *conf)
{
	while (conf->at < conf->end) {
		conf->line = conf->next_line;
		blanks_skip(conf);
		beginning_keep(conf);
		if (at_line_end(conf) || *conf->at == '#') {
			line_skip(conf);
		} else if (*conf->at == '[') {
			enum wslconf_what what = header_take(conf);

			line_skip(conf);
			if (what == WSLCONF_BAD)
				return what;
		} else {
			enum wslconf_what what = entry_take(conf);

			if (what == WSLCONF_BAD)
				line_skip(conf);
			return what;
		}
	}
	return WSLCONF_END;
}
