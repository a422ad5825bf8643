/* wslline.h: the command line of wsl.exe, as programs on Windows write it. Pure.
 *
 *   wsl [-d NAME] [-u USER] [--cd DIR] [--] [COMMAND...]   by the user's shell
 *   wsl [...] -e|--exec PROGRAM [ARG]...                   without one
 *   wsl -l|--list [-v] [-q] [--all] [--running]
 *   wsl --status | -v|--version | --help | --shutdown
 *   wsl -t|--terminate NAME | -s|--set-default NAME
 *
 * What a shell gets is the rest of the line to the letter. Everywhere else words are cut
 * as Windows cuts them (Microsoft Learn, "Parsing C command-line arguments", and
 * CommandLineToArgvW for the first). Microsoft Learn: "Basic commands for WSL".
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WSLLINE_H
#define LANDBRIDGE_INTEROP_HOST_WSLLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "interop/host/host.h"

enum wsl_wish {
	WSL_SESSION, /* `shell`, `exec`, or neither: the login shell */
	WSL_LIST,
	WSL_STATUS,
	WSL_VERSION,
	WSL_HELP,
	WSL_TERMINATE,
	WSL_SHUTDOWN,
	WSL_SET_DEFAULT,
};

enum { WSL_REFUSED = 1 }; /* the exit status that wsl.exe has for what it cannot do */

struct wslline {
	enum wsl_wish wish;
	const char *name; /* of the distribution; NULL: the default one */
	const char *user, *dir;
	bool verbose, quiet;
	bool running;      /* those alone */
	const char *shell; /* a command for the user's shell */
	char **exec;       /* a program and its arguments, NULL-terminated */
};

/* `words` has room for as many bytes as the line with its NUL, `at` for WSLLINE_WORDS(len)
 * words; the result points into them and into the line. 0, or -1 and what is refused, by
 * name. */
#define WSLLINE_WORDS(len) ((len) / 2 + 2)
int wslline_parse(struct wslline *w, const char *line, char *words, char **at, struct fault *why);

#endif
