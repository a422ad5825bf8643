/* serve.h: the runner's end of a stream, as a machine. Private to
 * interop/stream. Pure: events come in by the functions, frames go out through
 * the port, and what is done to the program is in the table.
 *
 *     process:  NONE -> STARTING -> RUNNING -> EXITED    what the program is
 *                  `------- FAILED <---'
 *     said:     NOTHING -> STARTED -> LAST               what the opener was told
 *     opener:   WAITS -> LEFT | ENDING -> KILLING        what it is to us
 *
 * What is due is the difference between the first two: FAILED, or STARTED,
 * then DATA, then both EOFs, then the last CONSUMED and EXIT.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_SERVE_H
#define LANDBRIDGE_INTEROP_STREAM_SERVE_H

#include "interop/stream/sink.h"
#include "interop/stream/source.h"

enum {
	SERVE_IDLE_MS = 250,   /* output without a byte for so long is over, where that counts */
	SERVE_GRACE_MS = 2000, /* between HUP and KILL */
	SERVE_TEXT_MAX = 512,
	SERVE_MUCH = 1024 * 1024, /* a program that took so much stdin takes all */
};

enum process_state {
	PROCESS_NONE,
	PROCESS_STARTING, /* there is one, and STARTED waits for its word */
	PROCESS_RUNNING,
	PROCESS_EXITED, /* how and code are final */
	PROCESS_FAILED, /* the reason is; it never ran */
};

enum said { SAID_NOTHING, SAID_STARTED, SAID_LAST };

enum opener {
	OPENER_WAITS,
	OPENER_LEFT,    /* without its job, which lives on */
	OPENER_ENDING,  /* its job has been told to end ... */
	OPENER_KILLING, /* ... and had its time */
};

struct process_ops {
	/* Starts the program, with `in` and `out` of the machine opened, and
	 * tells at once or later by serve_started. 0, or negative and *why. */
	int (*start)(void *owner, const struct open *l, struct failed *why);
	void (*signal)(void *owner, int signal);
	void (*resize)(void *owner, uint16_t rows, uint16_t cols);
	/* Ends it with all it started: asks, or kills. */
	void (*stop)(void *owner, bool kill);
	/* Calls serve_timer after `ms`; < 0: does not. There is one timer. */
	void (*timer)(void *owner, int ms);
};

struct serve {
	const struct process_ops *ops;
	void *owner;
	struct sink *in;       /* stdin */
	struct source *out[2]; /* stdout, stderr */
	enum process_state process;
	enum said said;
	enum opener opener;
	bool pong_due, timing;
	bool detached;
	int shows;      /* the fd of what the program's terminal shows; 0: it has none */
	bool childless; /* nobody that the program started is left */
	bool bulk;      /* CONSUMED is said only at the end */
	bool stderr_is_loose;
	uint32_t pid, subsystem;
	enum wire_exit how;
	uint32_t code;     /* of EXIT or of FAILED */
	uint32_t os_error; /* of FAILED */
	char text[SERVE_TEXT_MAX];
	uint64_t consumed; /* what CONSUMED said last */
};

/* in, out, owner and ops are set, the rest is zero, before the first event. */

/* From the connection. -EPROTO: it breaks the rules. */
int serve_frame(struct serve *s, const struct frame *f, const void *payload);
int serve_data(struct serve *s, int fd, const void *data, size_t len);
/* The opener is gone: its job too, unless it is to live on; the second: even so. */
void serve_gone(struct serve *s);
void serve_told_to_end(struct serve *s);

/* From the program. pid and subsystem are set before. */
void serve_started(struct serve *s);
void serve_exited(struct serve *s, enum wire_exit how, uint32_t code);
void serve_failed(struct serve *s, const struct failed *why);
/* Something that the program started has ended; perhaps it was the last. */
void serve_reaped(struct serve *s, bool last);
void serve_timer(struct serve *s);

/* Puts what is due. */
void serve_fill(struct serve *s, struct port *port);
/* To be called when all that could be done is done. flushed: what was put has
 * left. True: this was all. */
bool serve_settle(struct serve *s, bool flushed);

#endif
