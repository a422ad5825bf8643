/* profile.c: a distribution's settings as text. */
#include "interop/host/profile.h"

#include <string.h>

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
