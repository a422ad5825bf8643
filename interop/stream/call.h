/* call.h: the caller's end of a stream, as a machine. Private to
 * interop/stream. Pure: events come in by the functions, frames go out through
 * the port, and the outcome is filled in.
 *
 *     NEW -> ASKED -> STARTED -> OVER      (OVER from anywhere)
 *
 * OVER: the outcome is final but for the output that has still to leave.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_CALL_H
#define LANDBRIDGE_INTEROP_STREAM_CALL_H

#include "interop/stream/sink.h"
#include "interop/stream/source.h"
#include "interop/stream/stream.h"

enum call_state { CALL_NEW, CALL_ASKED, CALL_STARTED, CALL_OVER };

struct call {
	struct source *in;   /* stdin */
	struct sink *out[2]; /* stdout, stderr */
	struct outcome *result;
	uint32_t flags; /* enum program_flag */
	bool in_looks;  /* reading stdin leaves it where it is: it may begin at once */
	enum call_state state;
	bool unwanted; /* nobody reads our stdin any more */
	bool asked;    /* a signal to end was forwarded before */
	bool pong_due;
	uint32_t signals_due; /* bit n: signal n */
};

/* in, out, result, flags and in_looks are set, the rest is zero, before the
 * first event. HELLO and OPEN are the owner's to put: then it is ASKED. */
void call_asked(struct call *c);

/* From the connection. -EPROTO: it breaks the rules. */
int call_frame(struct call *c, const struct frame *f, const void *payload);
int call_data(struct call *c, int fd, const void *data, size_t len);
/* No frame will come any more. False: none was missing. */
bool call_lost(struct call *c, int error);

/* A signal that asks us to end (Linux's number). The first is for the program;
 * a second one, or one that the program is not to see (a terminal's come as
 * bytes, a GUI program lives on), ends the call: true. */
bool call_signal(struct call *c, uint32_t signal);
/* The call ends by this signal, if it is not over. */
void call_stop(struct call *c, uint32_t signal);

/* Puts what is due, but for WINSZ. */
void call_fill(struct call *c, struct port *port);
/* All is done. */
bool call_done(struct call *c);

#endif
