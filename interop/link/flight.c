/* flight.c: what is on its way to a descriptor. */
#include "interop/link/flight.h"

#include <errno.h>
#include <string.h>

static bool has_begun(const struct flight *f)
{
	return f->source && f->header_left < WIRE_HEADER;
}

void flight_begin(struct flight *f, const struct frame *data, struct queue *source)
{
	frame_encode(f->header, data);
	f->source = source;
	f->header_left = WIRE_HEADER;
	f->payload_left = data->length;
}

static int put_data(struct flight *f, struct iovec *iov)
{
	int n = 0;

	if (f->header_left)
		iov[n++] =
			(struct iovec){ f->header + WIRE_HEADER - f->header_left, f->header_left };
	iov[n++] = (struct iovec){ queue_head(f->source), f->payload_left };
	return n;
}

int flight_iov(struct flight *f, const struct queue *frames, struct iovec iov[FLIGHT_IOV])
{
	bool begun = has_begun(f);
	int n = 0;

	if (begun)
		n += put_data(f, iov);
	if (frames->used)
		iov[n++] = (struct iovec){ queue_head(frames), frames->used };
	if (f->source && !begun)
		n += put_data(f, iov + n);
	return n;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t data_sent(struct flight *f, size_t len)
{
	size_t header = smaller(len, f->header_left);
	size_t payload = smaller(len - header, f->payload_left);

	f->header_left -= header;
	f->payload_left -= payload;
	queue_take(f->source, payload);
	if (!f->header_left && !f->payload_left)
		f->source = NULL;
	return header + payload;
}

void flight_sent(struct flight *f, struct queue *frames, size_t len)
{
	size_t n;

	if (has_begun(f))
		len -= data_sent(f, len);
	n = smaller(len, frames->used);
	queue_take(frames, n);
	if (len > n)
		data_sent(f, len - n);
}

int flight_land(struct flight *f, struct queue *frames, const struct queue *source)
{
	struct queue all = { 0 };
	struct iovec iov[FLIGHT_IOV];
	int count, error = 0;

	if (!source || f->source != source)
		return 0;
	count = has_begun(f) ? flight_iov(f, frames, iov) : 0;
	for (int i = 0; i < count && !error; i++)
		error = queue_put(&all, iov[i].iov_base, iov[i].iov_len);
	*f = (struct flight){ 0 };
	if (count && !error) {
		queue_free(frames);
		*frames = all;
	} else {
		queue_free(&all);
	}
	return error;
}
