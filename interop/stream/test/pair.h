/* pair.h: a caller and a runner, each a process, joined by a socket pair. */
#ifndef LANDBRIDGE_INTEROP_STREAM_TEST_PAIR_H
#define LANDBRIDGE_INTEROP_STREAM_TEST_PAIR_H

#include <stdbool.h>
#include <sys/types.h>

#include "interop/stream/stream.h"

/* What is asked for. A descriptor of -1 is closed in the caller. */
struct call {
	const char *const *argv;
	uint32_t flags; /* enum program_flag */
	int stdio[3];
	uint16_t rows, cols;
	bool terminal;      /* stdio[0] is the controlling terminal of a small shell, which
			       starts the caller there as a job: see struct reports */
	bool background;    /* and not in its foreground */
	bool end_like_main; /* the caller's process ends by outcome_end */
	const struct runner_ops *ops; /* NULL: just exec */
};

/* How it went, on either side. */
struct caller_report {
	struct outcome out;
	int error;
	int fds_more; /* descriptors open after, less those before */
};

struct runner_report {
	int error;
	int fds_more;
};

struct pair {
	pid_t caller, runner;
	struct reports *reports; /* in memory shared with both */
};

struct reports {
	_Atomic pid_t job;      /* with a terminal: the caller itself; pair.caller is the shell */
	_Atomic int stopped;    /* the signal that stopped it; the shell has the foreground */
	_Atomic bool may_go_on; /* set by the test: the shell says fg */
	struct caller_report caller;
	struct runner_report runner;
};

/* Starts both; closes call->stdio in this process. */
void pair_start(struct pair *p, const struct call *call);
/* Waits for one of them, at most `ms`; the test fails when it does not end.
 * Returns the wait status. */
int process_wait(pid_t pid, int ms);
/* Waits for both, with the checks that hold for each call: no error, no
 * descriptor leaked. Returns the outcome. */
struct outcome pair_wait(struct pair *p);
void pair_free(struct pair *p);

/* A whole call of `sh -c script`; what it printed comes back as strings. */
struct talk {
	struct outcome out;
	char text[2][65536]; /* stdout, stderr */
};
void shell(struct talk *talk, const char *script, int stdin_fd);

/* Polls `done` every few ms for `ms`. False: it never came true. */
bool retry(bool (*done)(void *), void *with, int ms);
/* Signals the processes whose command line contains `mark`; how many. */
int marked_kill(const char *mark, int signal);
/* There is none. */
bool nobody_is(void *mark);

int pipe_with(const char *text); /* the read end of a pipe that holds text, and its end */
int file_with(const char *text); /* an unlinked file, at offset 0 */
ssize_t read_all(int fd, char *buf, size_t size); /* to the end; NUL-terminated */

int exec_spawn(void *owner, const struct open *l, const struct child_setup *child, struct job *job,
	       struct failed *why);

#endif
