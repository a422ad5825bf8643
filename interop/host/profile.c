/* profile.c: a distribution's settings as text. */
#include "interop/host/profile.h"

#include <errno.h>
#include <string.h>

#include "lib/fmt.h"

static const char blanks[] = " \t\r";

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, blanks);
	len = strlen(text);
	while (len > 0 && strchr(blanks, text[len - 1]))
		text[--len] = '\0';
	return text;
}

bool profile_next(char **text, struct profile_line *line)
{
	while (**text) {
		char *at = *text, *equals;
		size_t len = strcspn(at, "\n");

		*text += len + (at[len] == '\n');
		at[len] = '\0';
		at = trim(at);
		if (!*at || *at == '#')
			continue;
		equals = strchr(at, '=');
		if (equals)
			*equals = '\0';
		line->key = trim(at);
		line->value = equals ? trim(equals + 1) : NULL;
		return true;
	}
	return false;
}

static bool same_letter(const char *a, const char *b)
{
	return a && ((a[0] ^ b[0]) & ~0x20) == 0;
}

static bool is_drive(const char *key)
{
	return strcmp(key, "drive") == 0;
}

/* Whether a line sets what is to be set now. */
static bool is_replaced(const char *text, size_t len, const char *key, const char *value)
{
	char copy[PROFILE_MAX], *at = copy;
	struct profile_line line;

	fmt(copy, sizeof(copy), "%.*s", (int)len, text);
	return profile_next(&at, &line) && strcmp(line.key, key) == 0 &&
	       (!is_drive(key) || same_letter(line.value, value));
}

int profile_set(char *text, const char *key, const char *value)
{
	const bool out = !*value || (is_drive(key) && strlen(value) <= strlen("D:="));
	size_t used = 0, len, added;

	if (strchr(value, '\n') || strchr(key, '\n'))
		return -EINVAL;
	for (const char *at = text; *at; at += len) {
		len = strcspn(at, "\n");
		len += at[len] == '\n';
		if (is_replaced(at, len, key, value))
			continue;
		memmove(text + used, at, len);
		used += len;
	}
	text[used] = '\0';
	if (out)
		return 0;
	added = fmt(text + used, PROFILE_MAX - used, "%s%s = %s\n",
		    used && text[used - 1] != '\n' ? "\n" : "", key, value);
	return used + added < PROFILE_MAX ? 0 : -ENOSPC;
}
