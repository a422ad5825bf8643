/* window.h: the arithmetic of credit (doc/PROTOCOL "Credit"). Private to
 * interop/stream. Pure. One struct for either side: who sends spends `left`,
 * who receives counts down what the peer has left and what is due to it.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_WINDOW_H
#define LANDBRIDGE_INTEROP_STREAM_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window {
	uint32_t left; /* bytes that may still be sent */
	uint32_t due;  /* the receiver's: has left it, and is not given back yet */
	uint32_t most; /* the receiver's: left, due and unread bytes together */
};

void window_init(struct window *w);

/* The sender's: how much of `len` may go; it went; the peer gives more
 * (-EPROTO: beyond what a window holds). */
size_t window_fit(const struct window *w, size_t len);
void window_spend(struct window *w, size_t len);
int window_grant(struct window *w, uint32_t bytes);

/* The receiver's: so much came (-EPROTO: more than was granted); so much has
 * left for good; what to give now (0: it is not worth a frame yet); that was
 * given. A receiver that is `idle` has taken a share of its window and waits for
 * bytes that are on their way: its window doubles, up to WIRE_CREDIT_MAX. */
int window_take(struct window *w, size_t len);
void window_drain(struct window *w, size_t len);
uint32_t window_due(const struct window *w, bool idle);
void window_given(struct window *w, uint32_t bytes);

#endif
