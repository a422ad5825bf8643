/* profile.h: a distribution's settings: a text of lines `key = value`, keys as the
 * options of `landbridge run` without their dashes. Empty lines and those that begin
 * with # say nothing. Pure.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_PROFILE_H
#define LANDBRIDGE_INTEROP_HOST_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

enum { PROFILE_MAX = 16 * 1024 };

struct profile_line {
	char *key, *value; /* without blanks around them; value NULL: there is no = */
};

/* Takes the next line from *text, which is changed. False: there is none. */
bool profile_next(char **text, struct profile_line *line);

#endif
