/* outlet.c: a program's stdin behind a sink. */
#include "interop/stream/win32/outlet.h"

#include <errno.h>
#include <string.h>

#include "lib/macros.h"

static const struct sink_ops outlet_sink;

static void outlet_fail(struct outlet *o)
{
	sink_closed(&o->sink);
	ring_take(&o->ring, ring_used(&o->ring));
}

/* The next piece, out of the queue and on its way. */
static void outlet_send(struct outlet *o)
{
	struct iovec iov[2];
	size_t len;

	ring_iov_used(&o->ring, iov);
	len = iov[0].iov_len < o->piece ? iov[0].iov_len : o->piece;
	memcpy(o->flight, iov[0].iov_base, len);
	ring_take(&o->ring, len);
	o->under_way = len;
	sink_wrote(&o->sink, len);
	transfer_write(&o->transfer, o->flight, len);
}

static void outlet_flush(struct outlet *o)
{
	long n = 0;

	while (n >= 0 && o->sink.state == SINK_OPEN) {
		if (o->transfer.busy)
			n = transfer_result(&o->transfer);
		else if (ring_used(&o->ring) > 0)
			outlet_send(o);
		else
			break;
		if (n < 0 && n != -EAGAIN)
			outlet_fail(o);
	}
}

static void outlet_ready(struct transfer *t)
{
	struct outlet *o = container_of(t, struct outlet, transfer);

	outlet_flush(o);
	channel_pump(o->ch);
}

void outlet_init(struct outlet *o, struct channel *ch, int number, bool *ended)
{
	o->ch = ch;
	o->ended = ended;
	o->rest = NULL;
	o->piece = OUTLET_PIECE;
	sink_init(&o->sink, number);
	transfer_init(&o->transfer, outlet_ready);
	ring_init(&o->ring, o->memory, sizeof(o->memory));
}

int outlet_open(struct outlet *o, struct loop *loop, HANDLE pipe, HANDLE rest)
{
	o->rest = rest;
	sink_start(&o->sink, &outlet_sink);
	return transfer_open(&o->transfer, loop, pipe);
}

int outlet_open_plain(struct outlet *o, struct loop *loop, HANDLE file)
{
	o->piece = OUTLET_BULK;
	sink_start(&o->sink, &outlet_sink);
	if (file)
		return transfer_open_plain(&o->transfer, loop, file);
	sink_closed(&o->sink);
	return 0;
}

void outlet_close(struct outlet *o)
{
	transfer_close(&o->transfer);
	if (o->rest)
		CloseHandle(o->rest);
	o->rest = NULL;
}

static int outlet_put(struct sink *s, const void *data, size_t len)
{
	struct outlet *o = container_of(s, struct outlet, sink);
	int error = ring_put(&o->ring, data, len);

	if (!error)
		outlet_flush(o);
	return error;
}

static bool outlet_drained(struct sink *s)
{
	const struct outlet *o = container_of(s, struct outlet, sink);

	return !o->transfer.busy && ring_used(&o->ring) == 0;
}

static void outlet_finish(struct sink *s)
{
	outlet_close(container_of(s, struct outlet, sink));
}

/* What of the write under way nobody will read. */
static size_t outlet_left(const struct outlet *o)
{
	DWORD left = 0;

	if (!o->transfer.busy)
		return 0;
	if (!*o->ended || !PeekNamedPipe(o->rest, NULL, 0, NULL, &left, NULL))
		return o->under_way;
	return left < o->under_way ? left : o->under_way;
}

static uint64_t outlet_taken(struct sink *s)
{
	struct outlet *o = container_of(s, struct outlet, sink);

	outlet_flush(o); /* a write may have ended since */
	return s->written - outlet_left(o);
}

static void outlet_widen(struct sink *s)
{
	container_of(s, struct outlet, sink)->piece = OUTLET_BULK;
}

static const struct sink_ops outlet_sink = {
	.put = outlet_put,
	.drained = outlet_drained,
	.finish = outlet_finish,
	.taken = outlet_taken,
	.widen = outlet_widen,
	.close = outlet_finish,
};
