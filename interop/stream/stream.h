/* stream.h: the two ends of one stream, whichever way it runs.
 *
 * The caller has our descriptors 0, 1, 2 and asks for a program; the runner
 * has the program and its three pipes (or its terminal). The guest's client
 * and `landbridge run` are callers; the guest's sessions and the host agent's
 * jobs are runners. Both talk over one endpoint socket (link.h).
 *
 * Promises: bytes cross unchanged; EXIT comes after the last byte of stdout
 * and stderr; a stalled stdout stalls neither stderr nor the exit; stdin that
 * the program did not take stays in the caller's stdin (pipe: tee(2) first,
 * consume later; file: pread(2) and lseek(2); socket: MSG_PEEK; a terminal is
 * read); the terminal is as before on every way out.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_H
#define LANDBRIDGE_INTEROP_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "interop/wire/wire.h"

/* How a call ended. */
enum outcome_how {
	OUTCOME_EXITED,    /* code: all 32 bits of the program's exit code */
	OUTCOME_SIGNALLED, /* code: Linux signal number */
	OUTCOME_FAILED,    /* code: 125, 126 or 127; text says why */
	OUTCOME_LOST,      /* the endpoint or link broke; text says so: exit 125 */
	OUTCOME_STOPPED,   /* a signal ended the caller itself (code): INT, TERM, HUP, QUIT */
};

struct outcome {
	enum outcome_how how;
	uint32_t code;
	uint32_t pid;       /* of the program on its side; 0 before STARTED */
	uint32_t subsystem; /* enum wire_subsystem */
	char text[512];
};

/* One call: sends HELLO, the LAUNCH payload (built with launch_put_*) and the
 * first stdin in one write, then relays until the stream ends. With LAUNCH_TTY
 * in the payload the terminal on fd 0 is raw meanwhile, WINSZ follows
 * SIGWINCH, and job control (TSTP, CONT) works. In pipe mode INT, TERM, HUP
 * and QUIT are forwarded as SIGNAL frames; a second one of them ends the call.
 * Blocks; takes the signal mask and dispositions for its time and gives them
 * back. 0, or negative errno when the call could not even be made. */
int caller_run(int endpoint, const void *launch, size_t launch_len, struct outcome *out);

/* The exit status (0-255) that stands for an outcome: interop.md 3.6 for
 * Windows codes (subsystem GUI or CONSOLE), 128+n for signals, 125 for a
 * bridge that failed. Non-zero never becomes 0. Pure. */
int outcome_status(const struct outcome *out);

/* What a runner's spawn hands back. */
struct job {
	pid_t pid;          /* reaped by the runner; its wait status ends the job */
	uint32_t pid_shown; /* what STARTED says (0: pid) */
	uint32_t subsystem; /* enum wire_subsystem */
	int report;         /* -1, or a descriptor from which the spawner's own
			       helper reports the program's real code: see job_report */
};

/* Asked of the spawner. stdio are the program's ends (with LAUNCH_TTY all
 * three are the terminal's slave side and the child must make it its
 * controlling terminal). Fills *job and returns 0, or fills *why and returns
 * negative; the runner closes stdio afterwards. */
struct runner_ops {
	int (*spawn)(void *owner, const struct launch *l, const int stdio[3], struct job *job,
		     struct failed *why);
	/* Reads what is there on job->report and fills in job->subsystem (returns
	 * 1: started, tell the caller), *code (2: exited, use this instead of the
	 * wait status) or *why (3: failed). 0: nothing yet. NULL: no reports. */
	int (*report)(void *owner, struct job *job, uint32_t *code, struct failed *why);
	/* Delivers a Linux signal number to the job. NULL: kill(2) to the
	 * foreground process group of the terminal, or to the child's group. */
	void (*signal)(void *owner, const struct job *job, int signal);
};

/* Serves one stream: reads LAUNCH from the endpoint, spawns, relays, ends with
 * EXIT or FAILED. Becomes a subreaper (prctl(2) PR_SET_CHILD_SUBREAPER): when
 * the opener goes away (ABORT, or the endpoint closes) all descendants get HUP,
 * after 2 s KILL, unless the job is detached. After the program's own exit it
 * waits for output end of file only while descendants are left, and no longer
 * than 250 ms without a byte. Returns when all that is done. 0 or negative errno. */
int runner_serve(int endpoint, const struct runner_ops *ops, void *owner);

#endif
