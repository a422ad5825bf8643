/* names.h: private to pathconv: building paths, and the names in them.
 *
 * Inside, a path of either side has one form, the slash form: separators are
 * single slashes, names are as Linux has them, no "." and no ".." (but leading
 * ones of a relative path). C:\a\ is "C:/a/", \\server\share is
 * "//server/share".
 */
#ifndef LANDBRIDGE_PATHCONV_NAMES_H
#define LANDBRIDGE_PATHCONV_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A string that grows in somebody's buffer; once it does not fit it is `cut`. */
struct pathbuf {
	char *at;
	size_t size, len;
	bool cut;
};

/* May read from the very buffer it writes to, as long as the source is not
 * behind the end of what is written. */
void pathbuf_put(struct pathbuf *b, const char *s, size_t len);
void pathbuf_puts(struct pathbuf *b, const char *s);
/* Ends it with a NUL. Its length, or -ENAMETOOLONG when it was cut. */
ssize_t pathbuf_end(struct pathbuf *b);

enum syntax {
	SYNTAX_LINUX,   /* '/' separates, names are taken as they are */
	SYNTAX_WINDOWS, /* '\' and '/' separate, U+F000 names are turned back */
};

bool path_is_separator(char c, enum syntax syntax);
/* ASCII only: what Windows and Linux agree on without a locale. */
bool path_same_letter(char a, char b);
bool path_has_prefix(const char *s, const char *prefix, size_t len);

bool path_is_dots(const char *name, size_t len); /* "." or ".." */

/* The length of `prefix` when it is `path` or a directory above it, else -1. */
ssize_t path_below(const char *path, const char *prefix);

/* Appends the names in path to b, each after a slash. ".." takes a name away,
 * though never what was in b before `floor`. A slash at the end is kept. */
void pathbuf_names(struct pathbuf *b, size_t floor, const char *path, enum syntax syntax);

/* A relative path in slash form: leading ".." stay, nothing left is ".". */
void pathbuf_relative(struct pathbuf *b, const char *path, enum syntax syntax);

/* Appends a slash form as Windows has it: names escaped, `separator` between. */
void pathbuf_windows(struct pathbuf *b, const char *path, char separator);

/* What begins a Windows path. */
enum windows_kind {
	WINDOWS_DRIVE,          /* C:\x, C:, \\?\C:\x */
	WINDOWS_DRIVE_RELATIVE, /* C:x */
	WINDOWS_SHARE,          /* \\server\share\x, \\?\UNC\server\share\x */
	WINDOWS_ROOTED,         /* \x */
	WINDOWS_RELATIVE,       /* x */
	WINDOWS_STRANGE,        /* \\?\Volume{...}: nothing that is mounted here */
};

/* *rest: behind "C:", or behind the separators that begin a share. *letter:
 * of a drive. */
enum windows_kind windows_kind(const char *path, char *letter, const char **rest);

/* "C:/x" of C:\x, "//server/share/x" of \\server\share\x; only for the kinds
 * DRIVE and SHARE. May work in place. */
void pathbuf_rooted(struct pathbuf *b, enum windows_kind kind, char letter, const char *rest);

#endif
