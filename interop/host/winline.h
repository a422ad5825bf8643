/* winline.h: an argv array -> the one string a Windows program is started with.
 *
 * Pure. Ways of quoting, never mixed:
 *  - for programs: the inverse of CommandLineToArgvW and of the C runtime's
 *    parser (Microsoft, "Parsing C command-line arguments");
 *  - for .bat and .cmd files, which cmd.exe reads with rules of its own: every
 *    argument in a form in which cmd.exe finds nothing to expand or to run
 *    (CERT VU#123335; CVE-2024-24576);
 *  - for .ps1 files, which powershell.exe reads as programs do, after -File: what
 *    follows are values and never text of a command;
 *  - for cmd.exe itself: what follows /c is a command. Given as one argument, it
 *    is that to the letter; given as several they are words of it, in which
 *    cmd.exe finds no operators but those that are words of their own (&&, >, 2>&1),
 *    as a shell's user typed them. Variables (%OS%) are expanded.
 *
 * Every function returns 0, or once and for all:
 *     -EILSEQ  not valid UTF-8
 *     -EINVAL  cannot be said on a command line (" in a program's name; NUL,
 *              CR, LF for a batch file; a script's name ending in \)
 *     -E2BIG   longer than Windows allows, counted in UTF-16 units
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WINLINE_H
#define LANDBRIDGE_INTEROP_HOST_WINLINE_H

#include <stdbool.h>
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
	enum { WINCMD_SWITCHES, WINCMD_FIRST, WINCMD_WORDS } part; /* cmd.exe's */
	const char *first; /* of its command, until it is known whether it is alone */
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

/* The same for a PowerShell script: the line is for powershell.exe, and goes on with
 * winline_arg. */
int winps_begin(struct winline *line, void *buf, size_t size, const char *script);

/* cmd.exe's line begins with winline_begin. `arg` is kept until the next call. */
int wincmd_arg(struct winline *line, const char *arg);
int wincmd_end(struct winline *line);

/* Length of a string in UTF-16 units, or -EILSEQ: overlong forms, surrogates
 * and values above U+10FFFF are not UTF-8 (RFC 3629). */
long utf16_units(const char *text);

#endif
