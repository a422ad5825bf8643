/* wslline.c: the command line of wsl.exe. */
#include "interop/host/wslline.h"

#include <string.h>

#include "lib/macros.h"

/* What is left of the line, and where its next word goes. */
struct cutter {
	const char *rest;
	char *out;
};

/* --- words, as Windows cuts them ------------------------------------------------------ */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct cutter *c)
{
	while (is_blank(*c->rest))
		c->rest++;
}

/* The program's own name knows no backslashes: it goes to a quote or a blank. */
static void skip_name(struct cutter *c)
{
	bool quoted = false;

	for (; *c->rest && (quoted || !is_blank(*c->rest)); c->rest++)
		if (*c->rest == '"')
			quoted = !quoted;
	skip_blanks(c);
}

/* Backslashes count only before a quote: two are one, and an odd one makes it a letter. */
static void take_part(struct cutter *c, bool *quoted)
{
	size_t slashes = strspn(c->rest, "\\");
	bool quote = c->rest[slashes] == '"';
	size_t kept = quote ? slashes / 2 : slashes;

	memset(c->out, '\\', kept);
	c->out += kept;
	c->rest += slashes;
	if (quote && (slashes % 2 || (*quoted && c->rest[1] == '"'))) {
		c->rest += slashes % 2 ? 1 : 2;
		*c->out++ = '"';
	} else if (quote) {
		*quoted = !*quoted;
		c->rest++;
	} else if (slashes == 0) {
		*c->out++ = *c->rest++;
	}
}

/* NULL: there is no more. */
static char *take_word(struct cutter *c)
{
	char *word = c->out;
	bool quoted = false;

	skip_blanks(c);
	if (!*c->rest)
		return NULL;
	while (*c->rest && (quoted || !is_blank(*c->rest)))
		take_part(c, &quoted);
	*c->out++ = '\0';
	return word;
}

/* --- options -------------------------------------------------------------------------- */

static int refuse(struct fault *why, const char *what, const char *text)
{
	return fault_set(why, WSL_REFUSED, "unable to serve %s: %s", what, text);
}

static bool is_either(const char *word, const char *one, const char *other)
{
	return strcmp(word, one) == 0 || (other && strcmp(word, other) == 0);
}

static int take_value(struct cutter *c, const char **value, const char *option, struct fault *why)
{
	*value = take_word(c);
	return *value && **value ? 0 : refuse(why, option, "it needs a value");
}

/* Nothing may follow. */
static int take_end(struct cutter *c, struct fault *why)
{
	const char *word = take_word(c);

	return word ? refuse(why, word, "nothing more is expected there") : 0;
}

static int take_list(struct wslline *w, struct cutter *c, struct fault *why)
{
	const char *word;

	w->wish = WSL_LIST;
	while ((word = take_word(c)) != NULL) {
		if (is_either(word, "-v", "--verbose"))
			w->verbose = true;
		else if (is_either(word, "-q", "--quiet"))
			w->quiet = true;
		else if (strcmp(word, "--running") == 0)
			w->running = true;
		else if (strcmp(word, "--all") != 0)
			return refuse(why, word, "a list has -v, -q, --running and --all here");
	}
	return w->verbose && w->quiet ? refuse(why, "-v with -q", "give one of them") : 0;
}

static const struct wish_kind {
	const char *name, *other;
	enum wsl_wish wish;
	bool has_name;
} wishes[] = {
	{ "--status", NULL, WSL_STATUS, false },
	{ "--version", "-v", WSL_VERSION, false },
	{ "--help", NULL, WSL_HELP, false },
	{ "--shutdown", NULL, WSL_SHUTDOWN, false },
	{ "--terminate", "-t", WSL_TERMINATE, true },
	{ "--set-default", "-s", WSL_SET_DEFAULT, true },
};

/* 1: it was one, and the line is over; 0: it is none. */
static int take_wish(struct wslline *w, const char *word, struct cutter *c, struct fault *why)
{
	if (is_either(word, "-l", "--list"))
		return take_list(w, c, why) < 0 ? -1 : 1;
	for (size_t i = 0; i < array_len(wishes); i++) {
		if (!is_either(word, wishes[i].name, wishes[i].other))
			continue;
		w->wish = wishes[i].wish;
		if (wishes[i].has_name && take_value(c, &w->name, word, why) < 0)
			return -1;
		return take_end(c, why) < 0 ? -1 : 1;
	}
	return 0;
}

/* All that is left. */
static int take_exec(struct wslline *w, struct cutter *c, char **at, struct fault *why)
{
	size_t n = 0;

	w->exec = at;
	while ((at[n] = take_word(c)) != NULL)
		n++;
	return n == 0 || !*at[0] ? refuse(why, "--exec", "it needs a program") : 1;
}

/* -1, 1: the line is over; 0: more options may follow. */
static int take_option(struct wslline *w, const char *word, struct cutter *c, char **at,
		       struct fault *why)
{
	int r;

	if (is_either(word, "-d", "--distribution"))
		return take_value(c, &w->name, word, why);
	if (is_either(word, "-u", "--user"))
		return take_value(c, &w->user, word, why);
	if (is_either(word, "--cd", NULL))
		return take_value(c, &w->dir, word, why);
	if (is_either(word, "-e", "--exec"))
		return take_exec(w, c, at, why);
	r = w->name || w->user || w->dir ? 0 : take_wish(w, word, c, why);
	if (r == 0)
		r = refuse(why, word,
			   "Landbridge's wsl has no such option there (wsl --help has those "
			   "that it has)");
	return r;
}

int wslline_parse(struct wslline *w, const char *line, char *words, char **at, struct fault *why)
{
	struct cutter c = { line, words };
	int r = 0;

	*w = (struct wslline){ .wish = WSL_SESSION };
	skip_name(&c);
	while (r == 0) {
		const struct cutter before = c;
		const char *word = take_word(&c);

		if (word && strcmp(word, "~") == 0 && !w->dir) {
			w->dir = word;
		} else if (word && word[0] == '-' && strcmp(word, "--") != 0) {
			r = take_option(w, word, &c, at, why);
		} else {
			if (word && word[0] != '-')
				c = before;
			r = 1;
		}
	}
	if (r > 0 && w->wish == WSL_SESSION && !w->exec) {
		skip_blanks(&c);
		w->shell = *c.rest ? c.rest : NULL;
	}
	return r < 0 ? -1 : 0;
}
