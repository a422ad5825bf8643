/* window.h: the arithmetic of credit (doc/PROTOCOL "Credit"). Private to
 * interop/stream. Pure. One struct for either side: who sends spends `left`,
 * who receives counts down what the peer has left and what is due to it.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_WINDOW_H
#define LANDBRIDGE_INTEROP_STREAM_WINDOW_H

#include <stddef.h>
#include <stdint.h>

struct window {
	uint32_t left; /* bytes that may still be sent */
	uint32_t due;  /* the receiver's: has left it, and is not given back yet */
};

void window_init(struct window *w);

/* The sender's: how much of `len` may go; it went; the peer gives more
 * (-EPROTO: beyond what a window holds). */
size_t window_fit(const struct window *w, size_t len);
void window_spend(struct window *w, size_t len);
int window_grant(struct window *w, uint32_t bytes);

/* The receiver's: so much came (-EPROTO: more than was granted); so much has
 * left for good; what to give back now (0: it is not worth a frame yet); that
 * was given. */
int window_take(struct window *w, size_t len);
void window_drain(struct window *w, size_t len);
uint32_t window_due(const struct window *w);
void window_given(struct window *w);

#endif
