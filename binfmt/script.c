/* script.c: the first line of a script. */
#include <string.h>

#include "binfmt/binfmt.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Cuts blanks off the end. */
static void trim(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && (is_blank(text[len - 1]) || text[len - 1] == '\r'))
		text[--len] = '\0';
}

bool script_line(char *line, const char **interpreter, const char **arg)
{
	char *at = line + 2, *end;

	if (line[0] != '#' || line[1] != '!')
		return false;
	at[strcspn(at, "\n")] = '\0';
	trim(at);
	at += strspn(at, " \t");
	end = at + strcspn(at, " \t");
	*interpreter = at;
	*arg = *end ? end + 1 + strspn(end + 1, " \t") : NULL;
	*end = '\0';
	return *at != '\0';
}
