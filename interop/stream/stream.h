/* stream.h: the two ends of one stream, whichever way it runs.
 *
 * The caller has our descriptors 0, 1, 2 and asks for a program; the runner
 * has the program and its three pipes (or its terminal). The guest's client
 * and `landbridge run` are callers; the guest's sessions and the host agent's
 * jobs are runners. Both talk over one endpoint socket (link.h).
 *
 * The core (window, source, sink, call, serve) is pure and runs on every host: what
 * it does to descriptors and processes stands in tables, which posix/ fills.
 *
 * Promises: bytes cross unchanged; EXIT comes after the last byte of stdout
 * and stderr; a stalled stdout stalls neither stderr nor the exit; stdin that
 * the program did not take stays in the caller's stdin (pipe: tee(2) first,
 * consume later; file: pread(2) and lseek(2); socket: MSG_PEEK; a terminal is
 * read); the terminal is as before on every way out.
 *
 * A main that calls reads: stdio_hold(); ... caller_run(fd, ..., &out); print
 * outcome_text(&out) if there is any; clean up; return outcome_end(&out).
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_H
#define LANDBRIDGE_INTEROP_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "interop/wire/wire.h"
#include "lib/child.h"

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
	int write_error;    /* errno of the first write to our stdout or stderr that failed; 0:
			       none, EPIPE: the reader went away, EBADF: closed from the start.
			       The program saw a closed pipe */
	uint32_t os_error;  /* of FAILED: a Win32 error or errno; 0: none */
	char text[512];     /* a line for a person, without the program's name; may be empty */
};

/* Fills those of descriptors 0, 1, 2 that are closed with ones on which every
 * read and write fails with EBADF just the same, so that nothing opened later
 * takes their numbers. To be called before anything is opened. */
int stdio_hold(void);

/* One call: sends HELLO, the OPEN payload (built with open_put_*) and the
 * first stdin in one write, then relays until the stream ends. With PROGRAM_TTY
 * in the payload the terminal on fd 0 is raw meanwhile, WINSZ follows
 * SIGWINCH, and job control (TSTP, CONT) works. In pipe mode INT, TERM, HUP
 * and QUIT are forwarded as SIGNAL frames (not to a GUI program: they end the
 * call and leave it alone); a second one of them ends the call. One that was
 * ignored before stays so. With PROGRAM_DETACH the call ends at STARTED.
 * Blocks; takes the signal mask and dispositions for its time and gives them
 * back. Owns endpoint and closes it, which is what kills a job that still
 * runs. 0, or negative errno when the call could not even be made. */
int caller_run(int endpoint, const void *launch, size_t open_len, struct outcome *out);

/* What is opened: the field that says it, and who asks, or NULL. */
struct open_wish {
	uint32_t kind; /* enum open_kind */
	uint16_t tag;  /* enum open_tag */
	const char *value, *user;
};

/* HELLO and OPEN to a router, in one piece; its answer is one frame. 0, or negative
 * errno. */
int open_ask(int fd, const struct open_wish *want);

/* Opens a service of the other half (doc/PROTOCOL 10) through the router that
 * listens on `socket`, as `user` there (NULL: whom the service takes us for).
 * Returns a socket that carries the service's bytes and nothing else,
 * close-on-exec and blocking, the caller's. Or negative errno, with *out: FAILED,
 * with code and text, where somebody said no; else LOST. Waits for the other
 * half, at most 5 s. */
int service_call(const char *socket, const char *service, const char *user, struct outcome *out);
/* The same through a connected endpoint, or negative errno, which it passes on; it owns
 * and returns that. */
int service_call_by(int fd, const char *service, const char *user, struct outcome *out);

/* The same for an address that the other half calls, tcp:HOST:PORT, through a router that
 * `endpoint` is connected to, or the negative errno of that. Owns endpoint, which is what
 * it returns. */
int connect_call(int endpoint, const char *address, struct outcome *out);

/* The exit status (0-255) that stands for an outcome. Of the NTSTATUS values
 * with which Windows ends programs ([MS-ERREF] 2.3.1; subsystem GUI or CONSOLE)
 * those that have a like here become it; other codes keep their low byte, or
 * are 255 where that is 0; 128+n for signals; 125 for a bridge that failed, or
 * for a 0 of which output could not be written (but for EPIPE and EBADF).
 * Non-zero never becomes 0. Pure. */
int outcome_status(const struct outcome *out);

/* What to tell a person: out->text, or what an NTSTATUS value means that ended a
 * Windows program before it could say anything (a missing DLL). Empty: nothing.
 * Valid as long as *out. Pure. */
const char *outcome_text(const struct outcome *out);

/* For the end of main: dies by the signal that ended the program or the call
 * if it is HUP, INT, QUIT, TERM or PIPE (a shell's loop ends only so), without
 * a core; otherwise returns outcome_status. */
int outcome_end(const struct outcome *out);

/* Descriptors 0, 1, 2 of a program and our side of each: its pipes, or its terminal. With
 * a terminal all of theirs are its slave side, and ours 0 and 1 its master. */
struct ends {
	int ours[3];
	int theirs[3];
};

/* As a launch of this shape asks (of `l` its flags, rows and cols count). All are
 * close-on-exec and blocking. 0 or negative errno; to be closed in either case. */
int ends_open(struct ends *ends, const struct open *l);
/* Closes what is left: those that somebody else has taken over are -1. */
void ends_close(struct ends *ends);

/* What a runner's spawn hands back. */
struct job {
	pid_t pid;            /* reaped by the runner; its wait status ends the job */
	uint32_t pid_shown;   /* what STARTED says (0: pid) */
	uint32_t subsystem;   /* enum wire_subsystem */
	bool stderr_is_loose; /* processes keep its stderr open that never write there: once its
			       stdout has ended, stderr has after 250 ms without a byte */
	int report;           /* -1, or a descriptor from which the spawner's own helper
			       reports (runner_ops::report); the runner makes it
			       non-blocking, and closes it */
	int patience;         /* ms until runner_ops::silent where nothing is reported; 0: never */
};

struct runner_ops {
	/* Starts the program with child_exec or child_fork (lib/child.h), as a
	 * child that is set up so: it leads a session, has its ends of the stream
	 * as 0, 1, 2, and with PROGRAM_TTY they are its controlling terminal.
	 * Fills *job and returns 0, or fills *why and returns negative. */
	int (*spawn)(void *owner, const struct open *l, const struct child_setup *child,
		     struct job *job, struct failed *why);
	/* True: the program is to have these, which are the runner's then and of the
	 * launch's shape: they were opened ahead. NULL: none ever were. */
	bool (*ends)(void *owner, const struct open *l, struct ends *ends);
	/* Reads what is there on job->report and fills in job->subsystem (returns
	 * 1: started, tell the caller), *code (2: exited, use this instead of the
	 * wait status) or *why (3: failed). 0: nothing yet. Called until it says 0;
	 * STARTED waits for the 1. NULL: no reports. */
	int (*report)(void *owner, struct job *job, uint32_t *code, struct failed *why);
	/* The job's process ended while the caller still waits for STARTED. True: it
	 * was started anew, and job->pid is the new one's. NULL: never. */
	bool (*again)(void *owner, struct job *job);
	/* Nothing was reported for job->patience since it was started, or started anew: its
	 * process may be ended. With job->patience. */
	void (*silent)(void *owner, const struct job *job);
	/* Delivers a Linux signal number to the job. NULL: kill(2) to the
	 * foreground process group of the terminal, or to the child's group. Returns
	 * after how many ms `force` is called, if the job is still there; 0: it is not. */
	int (*signal)(void *owner, const struct job *job, int signal);
	/* A signal that ends every job had no effect. With `signal`. */
	void (*force)(void *owner);
	/* Descendants that are not the job's, though somebody started them in it: they
	 * stay when the opener goes. At most `max`; returns how many. NULL: none. */
	size_t (*spared)(pid_t *pids, size_t max);
	/* Somebody typed what the job's terminal makes SIGINT of (termios(3), VINTR
	 * with ISIG). NULL: not wanted. */
	void (*typed_interrupt)(void *owner);
};

/* Serves one stream: reads OPEN from the endpoint, spawns, relays, ends with
 * EXIT or FAILED. Becomes a subreaper (prctl(2) PR_SET_CHILD_SUBREAPER): when
 * the opener goes away (ABORT, or the endpoint closes) all descendants get HUP,
 * after 2 s KILL, unless the job is detached or a GUI program. So nothing that
 * others share (wineserver) may be started by a job: start it before. After
 * the program's own exit it waits for the end of file of both outputs as long
 * as descendants are left, as ssh does. Not longer than 250 ms without a byte
 * it waits for a terminal, which has no end while anybody has it open, and for
 * a GUI or detached program; the descendants then live on. TERM, HUP or INT to the runner itself count as
 * the opener's going. Owns endpoint. Returns when all that is done. 0 or negative errno. */
int runner_serve(int endpoint, const struct runner_ops *ops, void *owner);

#endif
