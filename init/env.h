/* env.h: an environment under construction.
 *
 * Pure: it lives in the caller's memory, `max` pointers at `at` and `size`
 * bytes at `text`. What does not fit makes it `full` and is left out.
 */
#ifndef LANDBRIDGE_INIT_ENV_H
#define LANDBRIDGE_INIT_ENV_H

#include <stdbool.h>
#include <stddef.h>

struct env {
	char **at; /* NULL-terminated, for execve(2) */
	size_t max, count;
	char *text;
	size_t size, used;
	bool full;
};

/* Sets NAME to value, replacing an earlier one. */
void env_set(struct env *env, const char *name, const char *value);
/* The same with a whole "NAME=value", which must outlive env. Without a '='
 * or a name it is left out. */
void env_put(struct env *env, char *entry);

/* The value of NAME, or NULL. */
const char *env_get(const struct env *env, const char *name);

/* The next line of an /etc/environment that says something, as pam_env(8) reads it:
 * NAME=VALUE, `export` before it or not; quotes around the value go, and what follows
 * a #. *at starts at the text, which is rewritten in place. False: no more. */
bool environment_next(char **at, const char **name, const char **value);

/* The value of the last LANG= line of a locale.conf(5) or /etc/default/locale,
 * without quotes; false: it has none. */
bool lang_parse(const char *text, char *out, size_t size);

#endif
