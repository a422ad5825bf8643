/* window.c: the arithmetic of credit. */
#include "interop/stream/window.h"

#include <errno.h>

#include "interop/wire/wire.h"

/* Of the window. Small grants cost frames, large ones leave the peer waiting. */
enum { GRANT_SHARE = 4 };

void window_init(struct window *w)
{
	*w = (struct window){ .left = WIRE_CREDIT, .most = WIRE_CREDIT };
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
	if (bytes > WIRE_CREDIT_MAX || w->left + bytes > WIRE_CREDIT_MAX)
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

static uint32_t growth(const struct window *w)
{
	uint32_t room = WIRE_CREDIT_MAX - w->most;

	return w->most < room ? w->most : room;
}

uint32_t window_due(const struct window *w, bool idle)
{
	if (w->due < w->most / GRANT_SHARE)
		return 0;
	return w->due + (idle ? growth(w) : 0);
}

void window_given(struct window *w, uint32_t bytes)
{
	w->left += bytes;
	w->most += bytes - w->due;
	w->due = 0;
}
