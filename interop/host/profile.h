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

/* Sets a key in *text, of PROFILE_MAX, in the place of what it had; drives are one
 * setting for each letter. A value of "" (of a drive: "D:") takes it out. 0, -EINVAL: it
 * is more than a line; -ENOSPC. */
int profile_set(char *text, const char *key, const char *value);

#endif
