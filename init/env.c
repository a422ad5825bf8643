/* env.c: an environment under construction. */
#include "init/env.h"

#include <string.h>

#include "lib/fmt.h"
#include "lib/text.h"

static size_t env_find(const struct env *env, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < env->count; i++)
		if (strncmp(env->at[i], name, len) == 0 && env->at[i][len] == '=')
			break;
	return i;
}

void env_put(struct env *env, char *entry)
{
	size_t len = strcspn(entry, "=");
	size_t i = env_find(env, entry, len);

	if (len == 0 || !entry[len])
		return;
	if (i == env->count) {
		if (i + 1 >= env->max) {
			env->full = true;
			return;
		}
		env->at[++env->count] = NULL;
	}
	env->at[i] = entry;
}

void env_set(struct env *env, const char *name, const char *value)
{
	char *entry = env->text + env->used;
	size_t room = env->size - env->used;
	size_t len = fmt(entry, room, "%s=%s", name, value);

	if (len >= room) {
		env->full = true;
		return;
	}
	env->used += len + 1;
	env_put(env, entry);
}

const char *env_get(const struct env *env, const char *name)
{
	size_t len = strlen(name), i = env_find(env, name, len);

	return i < env->count ? env->at[i] + len + 1 : NULL;
}

/* Cuts the next line off, without blanks around it and what follows a #. */
static char *line_cut(char **at)
{
	char *line = *at + strspn(*at, " \t"), *end = line + strcspn(line, "#\n");

	*at += strcspn(*at, "\n");
	*at += **at == '\n';
	while (end > line && strchr(" \t\r", end[-1]))
		end--;
	*end = '\0';
	return line;
}

/* As pam_env has it: the quote at the value's beginning goes and one at its end, of
 * whichever kind. */
static void quotes_drop(char *value)
{
	char *out = value;

	if (*value != '"' && *value != '\'')
		return;
	for (char *in = value + 1; *in; in++)
		if ((*in != '"' && *in != '\'') || in[1])
			*out++ = *in;
	*out = '\0';
}

bool environment_next(char **at, const char **name, const char **value)
{
	while (**at) {
		char *line = line_cut(at), *end;

		if (strncmp(line, "export ", 7) == 0)
			line += 7;
		end = line + ascii_span(line, "_");
		if (end == line || *end != '=')
			continue;
		*end = '\0';
		quotes_drop(end + 1);
		*name = line;
		*value = end + 1;
		return true;
	}
	return false;
}

/* The value of one line, or false. */
static bool lang_line(const char *line, char *out, size_t size)
{
	size_t quote, len;

	line += strspn(line, " \t");
	if (strncmp(line, "export ", 7) == 0)
		line += 7;
	if (strncmp(line, "LANG=", 5) != 0)
		return false;
	line += 5;
	quote = *line == '"' || *line == '\'';
	len = strcspn(line + quote, "\"' \t\r\n#");
	if (len == 0 || len >= size)
		return false;
	memcpy(out, line + quote, len);
	out[len] = '\0';
	return true;
}

bool lang_parse(const char *text, char *out, size_t size)
{
	bool found = false;

	while (*text) {
		found = lang_line(text, out, size) || found;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return found;
}
