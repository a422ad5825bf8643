/* env.c: an environment under construction. */
#include "init/env.h"

#include <string.h>

#include "lib/fmt.h"

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

bool lang_parse(const char *text, char *out, size_t size)
{
	bool found = false;

	while (*text) {
		size_t line = strcspn(text, "\n");
		size_t skip = strspn(text, " \t");

		if (strncmp(text + skip, "export ", 7) == 0)
			skip += 7;
		if (strncmp(text + skip, "LANG=", 5) == 0) {
			const char *value = text + skip + 5;
			size_t quote = *value == '"' || *value == '\'';
			size_t len = strcspn(value + quote, "\"' \t\r\n#");

			if (len > 0 && len < size) {
				memcpy(out, value + quote, len);
				out[len] = '\0';
				found = true;
			}
		}
		text += line + (text[line] == '\n');
	}
	return found;
}
