/* tool.h: programs that the host half starts and watches. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_TOOL_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/child.h" /* how to wait for them: child_ends, child_wait */

/* An argv made piece by piece. All of it is freed together. */
struct args {
	char **at; /* NULL-terminated */
	size_t count, size;
	bool bad; /* memory was short: do not use */
};

void args_add(struct args *args, const char *format, ...) __attribute__((format(printf, 2, 3)));
void args_free(struct args *args);

/* What to start. in, out, err: descriptors, or -1 for /dev/null; all others
 * are close-on-exec, but those in `keep`. The child leads a session of its own, so that
 * a terminal's signals do not reach it, and gets `death_signal` when we die. */
struct tool {
	const char *program; /* path, or a name that PATH has */
	char *const *argv;
	char *const *envp; /* NULL: ours */
	const char *dir;   /* NULL: ours */
	int in, out, err;
	const int *keep;
	size_t keep_count;
	int death_signal;
	int (*before)(void); /* called last before exec(2); NULL: nothing */
};

/* Returns the pid or negative errno, that of a failed exec too. */
pid_t tool_start(const struct tool *tool);

/* In a child of child_fork(): what it was given from `first` to `last` stays
 * its own and goes to no program that it starts. */
void descriptors_own(int first, int last);

/* Runs a tool to its end, its output and errors into `text`: the last line of
 * them, without what follows. Returns the exit status (0-255, 128+n) or negative
 * errno. */
int tool_finish(struct tool *tool, char *text, size_t size);

/* The same of a program that needs nothing but its arguments. */
int tool_run(char *const *argv, char *text, size_t size);

/* Keeps of a text the last line that is not empty. Pure. */
void text_last_line(char *text);

/* Finds a program in PATH: 0 or -ENOENT. */
int path_search(const char *name, char *path, size_t size);

#endif
