/* winpath.h: the Windows PATH of a Wine prefix, from its registry's files.
 *
 * Pure. The format is Wine's text registry, version 2: "[Key\\Sub] time" lines,
 * then "Name"=value lines; a value is "text" or str(2):"text with %NAME%",
 * with \\ \" \0 \n \r \t and \x plus one to four hexadecimal digits escaped
 * (Wine's server/registry.c and unicode.c).
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_WINPATH_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_WINPATH_H

#include <stddef.h>
#include <sys/types.h>

/* One file, as text; NULL: there is none. */
struct registry_file {
	const char *text;
	size_t len;
};

/* The files of a prefix: system.reg and user.reg. */
struct registry {
	struct registry_file system, user;
};

/* Copies the string value `name` of `key` (as it stands in the file, without
 * the brackets) out of one file. Both are compared without regard to ASCII
 * case. Returns its length; -ENOENT, -ENAMETOOLONG, or -EPROTO: no string, or
 * a malformed one. */
ssize_t registry_string(const struct registry_file *file, const char *key, const char *name,
			char *out, size_t size);

/* PATH as programs get it: the machine's, then the user's, %NAME% expanded
 * from Windows' own directories and the environment keys. An element in which
 * something cannot be expanded is left out. Returns the length; 0: none. Size is
 * at least 1. -ENAMETOOLONG: elements that did not fit are left out as well, and
 * out is good for the others. */
ssize_t winpath_get(const struct registry *registry, char *out, size_t size);

#endif
