/* window.c: the arithmetic of credit. */
#include "interop/stream/window.h"

#include <errno.h>

#include "interop/wire/wire.h"

/* Small grants cost frames, large ones leave the peer waiting. */
enum { GRANT = WIRE_CREDIT / 4 };

void window_init(struct window *w)
{
	*w = (struct window){ .left = WIRE_CREDIT };
}

size_t window_fit(const struct window *w, size_t len)
{
	return len < w->left ? len : w->left;
}

void window_spend(struct window *w, size_t len)
{
	w->left -= (uint32_t)len;
}

int window_grant(struct window *w, uint32_t bytes)
{
	if (bytes > WIRE_CREDIT || w->left + bytes > WIRE_CREDIT)
		return -EPROTO;
	w->left += bytes;
	return 0;
}

int window_take(struct window *w, size_t len)
{
	if (len > w->left)
		return -EPROTO;
	w->left -= (uint32_t)len;
	return 0;
}

void window_drain(struct window *w, size_t len)
{
	w->due += (uint32_t)len;
}

uint32_t window_due(const struct window *w)
{
	return w->due < GRANT ? 0 : w->due;
}

void window_given(struct window *w)
{
	w->left += w->due;
	w->due = 0;
}
