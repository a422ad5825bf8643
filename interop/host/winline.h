/* winline.h: an argv array -> the one string a Windows program is started with.
 *
 * Pure. Two ways of quoting, never mixed:
 *  - for programs: the inverse of CommandLineToArgvW and of the C runtime's
 *    parser (Microsoft, "Parsing C command-line arguments");
 *  - for .bat and .cmd files, which cmd.exe reads with rules of its own: every
 *    argument in a form in which cmd.exe finds nothing to expand or to run
 *    (CERT VU#123335; CVE-2024-24576).
 *
 * Every function returns 0, or once and for all:
 *     -EILSEQ  not valid UTF-8
 *     -EINVAL  cannot be said on a command line (" in a program's name; NUL,
 *              CR, LF for a batch file; a script's name ending in \)
 *     -E2BIG   longer than Windows allows, counted in UTF-16 units
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WINLINE_H
#define LANDBRIDGE_INTEROP_HOST_WINLINE_H

#include <stddef.h>

#include "lib/bytes.h"

enum {
	WINLINE_MAX = 32766,                 /* UTF-16 units, CreateProcessW */
	WINLINE_BATCH_MAX = 8191,            /* UTF-16 units, cmd.exe */
	WINLINE_BYTES = 3 * WINLINE_MAX + 1, /* room for the longest as UTF-8 */
};

struct winline {
	struct writer out;
	size_t units, units_max;
	int error;
};

/* A program's line: begin with its argv[0], then each argument, then end,
 * which adds the NUL. buf holds at least WINLINE_BYTES. */
int winline_begin(struct winline *line, void *buf, size_t size, const char *arg0);
int winline_arg(struct winline *line, const char *arg);
int winline_end(struct winline *line);

/* The same for a batch file: the line is for cmd.exe; script is its path. */
int winbatch_begin(struct winline *line, void *buf, size_t size, const char *script);
int winbatch_arg(struct winline *line, const char *arg);
int winbatch_end(struct winline *line);

/* Length of a string in UTF-16 units, or -EILSEQ: overlong forms, surrogates
 * and values above U+10FFFF are not UTF-8 (RFC 3629). */
long utf16_units(const char *text);

#endif
