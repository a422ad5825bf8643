/* host.h: the host half: `landbridge`, which boots guests and serves them.
 *
 * main.c picks the command; each returns an exit status (0-255). Every
 * failure of Landbridge's own is one line on stderr and 125, or 124 for a
 * guest that did not come up in time; a command's own status passes through.
 *
 * Underneath, functions that can fail for a person return 0 or a count, or
 * negative with a struct fault filled in: one line that says what could not
 * be done to what, why, and what to try.
 *
 * Places:
 *     data   what was built: init, kernel/, images/, landbridge-start.exe:
 *            $LANDBRIDGE_DATA, else the program's own directory, else
 *            ../lib/landbridge from there
 *     home   what is made at run time: wine/ (the prefix), images/, log/:
 *            $LANDBRIDGE_HOME, else $XDG_DATA_HOME/landbridge, else
 *            ~/.local/share/landbridge
 */
#ifndef LANDBRIDGE_INTEROP_HOST_HOST_H
#define LANDBRIDGE_INTEROP_HOST_HOST_H

#include <limits.h>
#include <glob.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/places.h" /* LANDBRIDGE_VERSION */

enum { HOST_TIMEOUT = 124, HOST_FAILED = 125 };

/* landbridge run: a guest, its agent and one session. */
int run_main(int argc, char **argv);
/* landbridge agent: serves a guest that somebody else boots. */
int agent_main(int argc, char **argv);
/* landbridge exec, landbridge shell: one more session, through an agent's socket. */
int exec_main(int argc, char **argv);
int shell_main(int argc, char **argv);
/* landbridge mount: a running guest's files as a folder. */
int mount_main(int argc, char **argv);

/* Why something failed: the exit status it means and one line for a person. */
struct fault {
	int status;
	char text[768];
};

/* Fills *why (the first fault stays) and returns -1. */
int fault_set(struct fault *why, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Prints "landbridge: text" on stderr; returns the status. */
int fault_print(const struct fault *why);
/* Says what takes long, when stderr is a terminal. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* fmt() that fails when it does not fit: 0 or -ENAMETOOLONG. */
int path_format(char *out, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* glob(3) below a directory whose own name is taken as it is. 0: found, and
 * globfree() it; negative errno, -ENOENT where nothing matches. */
int glob_in(const char *dir, const char *pattern, glob_t *found);

struct dirs {
	char data[PATH_MAX];
	char home[PATH_MAX];
};
/* Finds both and makes home. */
int dirs_find(struct dirs *dirs, struct fault *why);

/* A whole file and a NUL, on the heap: its length, or negative errno. */
enum { FILE_LOAD_MAX = 64 << 20 };
ssize_t file_load(const char *path, char **text);

/* A host directory that is a drive of the guest and of Windows programs. */
struct drive {
	char letter; /* 'A' to 'Z' */
	bool read_only;
	char dir[PATH_MAX]; /* absolute, after drives_check */
};

enum { DRIVES_MAX = 26 };

struct drives {
	struct drive at[DRIVES_MAX];
	size_t count;
};

/* Parses C:=DIR[,ro]. Pure. */
int drive_parse(struct drives *drives, const char *text, struct fault *why);
/* NULL when there is none. */
const struct drive *drives_find(const struct drives *drives, char letter);
/* Every directory must be there; makes the paths absolute. */
int drives_check(struct drives *drives, struct fault *why);

#endif
