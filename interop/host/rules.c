/* rules.c: the host's policy file. */
#include "interop/host/rules.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "interop/host/size.h"
#include "interop/host/winname.h"
#include "lib/fold.h"
#include "lib/macros.h"
#include "lib/text.h"

void rules_init(struct rules *r)
{
	*r = (struct rules){
		.allow = true, .batch = true, .sessions = true, .running = RULES_RUNNING
	};
}

/* --- one line ---------------------------------------------------------------- */

static const char *set_switch(bool *at, const char *value, const char *on, const char *off)
{
	*at = strcmp(value, on) == 0;
	return *at || strcmp(value, off) == 0 ? NULL : "a value that it cannot have";
}

static const char *set_default(struct rules *r, const char *value)
{
	return set_switch(&r->allow, value, "allow", "deny");
}

static const char *set_batch(struct rules *r, const char *value)
{
	return set_switch(&r->batch, value, "on", "off");
}

static const char *set_log(struct rules *r, const char *value)
{
	return set_switch(&r->log, value, "on", "off");
}

static const char *set_sessions(struct rules *r, const char *value)
{
	r->sessions_said = true;
	return set_switch(&r->sessions, value, "on", "off");
}

static const char *set_running(struct rules *r, const char *value)
{
	char *end;
	unsigned long n = *value >= '0' && *value <= '9' ? strtoul(value, &end, 10) : 0;

	if (n == 0 || *end || n > RULES_RUNNING)
		return "not a number from 1 to 256";
	r->running = (unsigned)n;
	return NULL;
}

static const char *set_memory(struct rules *r, const char *value)
{
	return size_parse(&r->memory, value, 256, 1 << 20) < 0 ? "not a size from 256M to 1024G"
							       : NULL;
}

/* A pattern that no canonical path can match is a mistake, and denies nothing. */
static const char *pattern_wrong(const char *p)
{
	char letter = (char)(p[0] & ~0x20);

	if (p[0] == '*')
		return NULL;
	if (letter < 'A' || letter > 'Z' || p[1] != ':' || (p[2] && p[2] != '\\'))
		return "not a path on a drive (C:\\dir\\*, D:)";
	if (strstr(p, "\\\\") || strstr(p, "\\..\\") || strstr(p, "\\.\\"))
		return "not a path without . and .. and doubled separators";
	if (strchr(p + 2, ':') || strpbrk(p, "\"<>?|"))
		return "a character that no path has (* alone stands for others)";
	return NULL;
}

static const char *add_rule(struct rules *r, char *pattern, bool allow)
{
	if (r->count == RULES_MAX)
		return "more than 256 patterns";
	for (char *p = pattern; *p; p++)
		if (*p == '/')
			*p = '\\';
	r->at[r->count++] = (struct policy_rule){ allow, pattern };
	return pattern_wrong(pattern);
}

static const char *add_env(struct rules *r, const char *name)
{
	r->env_listed = true;
	if (strcmp(name, "none") == 0)
		return NULL;
	if (r->env_count == RULES_ENV_MAX)
		return "more than 64 variables";
	if (strchr(name, '='))
		return "not a variable's name";
	r->env[r->env_count++] = name;
	return NULL;
}

static bool port_number(const char *text, char **end, uint32_t *port)
{
	unsigned long n = *text >= '0' && *text <= '9' ? strtoul(text, end, 10) : 0;

	*port = (uint32_t)n;
	return n > 0 && n <= 65535;
}

static const char *add_ports(struct rules *r, const char *value)
{
	uint32_t first, last;
	char *end;

	r->ports_listed = true;
	if (strcmp(value, "none") == 0)
		return NULL;
	if (r->port_count == RULES_PORTS_MAX)
		return "more than 32 lines of ports";
	if (!port_number(value, &end, &first))
		return "not a port (8080, 3000-3999, none)";
	last = first;
	if (*end == '-' && !port_number(end + 1, &end, &last))
		return "not a port (8080, 3000-3999, none)";
	if (*end || last < first)
		return "not ports from one to a higher one (8080, 3000-3999, none)";
	r->ports[r->port_count].first = first;
	r->ports[r->port_count++].last = last;
	return NULL;
}

static const char *line_take(struct rules *r, const char *word, char *value)
{
	static const struct {
		const char *word;
		const char *(*set)(struct rules *r, const char *value);
	} words[] = {
		{ "default", set_default }, { "batch", set_batch },
		{ "running", set_running }, { "env", add_env },
		{ "log", set_log },         { "ports", add_ports },
		{ "memory", set_memory },   { "sessions", set_sessions },
	};

	if (!*value)
		return "nothing behind the word";
	if (strcmp(word, "allow") == 0 || strcmp(word, "deny") == 0)
		return add_rule(r, value, word[0] == 'a');
	for (size_t i = 0; i < array_len(words); i++)
		if (strcmp(word, words[i].word) == 0)
			return words[i].set(r, value);
	return "no such word (default, allow, deny, batch, running, memory, env, ports, "
	       "sessions, log)";
}

/* A comment begins where a word could: names of files may have a # in them. */
static void comment_cut(char *line)
{
	for (char *p = line; *p; p++)
		if (*p == '#' && (p == line || p[-1] == ' '))
			*p = '\0';
}

/* Cuts one line into its word and the rest, without blanks around. */
static const char *line_read(struct rules *r, char *line)
{
	char *value, *end;

	for (char *p = line; *p; p++)
		if (*p == '\t' || *p == '\r')
			*p = ' ';
	if (!text_clean(line, strlen(line)))
		return "a control character";
	comment_cut(line);
	line += strspn(line, " ");
	end = line + strlen(line);
	while (end > line && end[-1] == ' ')
		*--end = '\0';
	if (!*line)
		return NULL;
	value = line + strcspn(line, " ");
	while (*value == ' ')
		*value++ = '\0';
	return line_take(r, line, value);
}

unsigned rules_parse(struct rules *r, char *text, size_t len, const char **why)
{
	unsigned number = 1;
	char *line = text, *end = text + len;

	rules_init(r);
	r->log = true;
	*end = '\0';
	for (; line < end; number++) {
		char *stop = memchr(line, '\n', (size_t)(end - line));

		if (!stop)
			stop = end;
		*stop = '\0';
		*why = strlen(line) != (size_t)(stop - line) ? "a byte 0" : line_read(r, line);
		if (*why) {
			rules_init(r);
			return number;
		}
		line = stop + 1;
	}
	return 0;
}

int rules_read(struct rules *r, const char *path, char *text, size_t len, struct fault *why)
{
	const char *wrong = NULL;
	unsigned line = rules_parse(r, text, len, &wrong);

	return line == 0 ? 0
			 : fault_set(why, HOST_FAILED, "unable to use the policy %s: line %u: %s",
				     path, line, wrong);
}

int rules_refuse(const char *path, const char *text, struct fault *why)
{
	return fault_set(why, HOST_FAILED, "unable to use the policy %s: %s", path, text);
}

/* --- asking ------------------------------------------------------------------ */

static bool same_byte(const char *a, const char *b, size_t left)
{
	size_t len = text_character((const uint8_t *)a, left);

	return strnlen(b, len) == len && fold_equal(a, b, len);
}

/* * matches any text: on a mismatch the last one takes one character more. A directory,
 * with \ at its end, stands for all that is in it. */
static bool matches(const char *pattern, const char *path)
{
	const char *begin = pattern, *star = NULL, *again = NULL;

	while (*path) {
		size_t len = text_character((const uint8_t *)path, strlen(path));

		if (*pattern == '*') {
			star = ++pattern;
			again = path;
		} else if (*pattern && same_byte(path, pattern, strlen(path))) {
			pattern += len;
			path += len;
		} else if (!*pattern && pattern > begin && pattern[-1] == '\\') {
			return true;
		} else if (star) {
			again += text_character((const uint8_t *)again, strlen(again));
			pattern = star;
			path = again;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

/* D: stands for the whole drive. */
static bool is_of(const struct policy_rule *rule, const char *path)
{
	const char *p = rule->pattern;

	if (*p != '*' && p[2] == '\0')
		return ((p[0] ^ path[0]) & ~0x20) == 0;
	return matches(p, path);
}

bool rules_program(const struct rules *r, const char *path, const struct policy_rule **by)
{
	for (size_t i = 0; i < r->count; i++)
		if (is_of(&r->at[i], path)) {
			*by = &r->at[i];
			return r->at[i].allow;
		}
	*by = NULL;
	return r->allow;
}

bool rules_have_paths(const struct rules *r)
{
	return r->count > 0 || !r->allow;
}

bool rules_env(const struct rules *r, const char *entry)
{
	for (size_t i = 0; i < r->env_count; i++)
		if (winname_env_is(entry, r->env[i]))
			return true;
	return !r->env_listed;
}

unsigned rules_memory_each(const struct rules *r)
{
	return r->memory / 4 * 3;
}

bool rules_port(const struct rules *r, uint32_t port)
{
	for (size_t i = 0; i < r->port_count; i++)
		if (!port || (port >= r->ports[i].first && port <= r->ports[i].last))
			return true;
	return !r->ports_listed;
}
