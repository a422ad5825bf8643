/* wslconf.c: the grammar of /etc/wsl.conf. */
#include "init/wslconf.h"

#include <stdbool.h>

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

static enum wslconf_what header_take(struct wslconf *c)
{
	const char *name;
	char *end;

	c->section = NULL;
	c->at++;
	blanks_skip(c);
	name = name_take(c, &end);
	if (!name)
		return WSLCONF_BAD;
	blanks_skip(c);
	if (c->at == c->end || *c->at != ']')
		return WSLCONF_BAD;
	c->at++;
	blanks_skip(c);
	if (!at_line_end(c) && *c->at != '#')
		return WSLCONF_BAD;
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
			return WSLCONF_BAD;
		if (byte == '\\') {
			byte = escape_take(c);
			if (byte < 0)
				return WSLCONF_BAD;
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
		return WSLCONF_BAD;
	line_skip(c); /* before the NUL below can hide the line's end */
	*keep = '\0';
	return WSLCONF_ENTRY;
}

static enum wslconf_what entry_take(struct wslconf *c)
{
	char *end;

	c->key = name_take(c, &end);
	if (!c->key)
		return WSLCONF_BAD;
	blanks_skip(c);
	if (c->at == c->end || *c->at != '=' || !c->section)
		return WSLCONF_BAD;
	c->at++;
	*end = '\0';
	blanks_skip(c);
	return value_take(c);
}

enum wslconf_what wslconf_next(struct wslconf *conf)
{
	while (conf->at < conf->end) {
		conf->line = conf->next_line;
		blanks_skip(conf);
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
