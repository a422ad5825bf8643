/* fuzz_channel.c: an endpoint's bytes, in pieces of any size. However they
 * are cut, the same frames and the same data come out, and the same error. */
#include <stdlib.h>
#include <string.h>

#include "interop/stream/channel/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What came out: frames and data in a row, as a sum. */
struct sum {
	uint64_t value;
};

static void add(struct sum *sum, const void *data, size_t len)
{
	const uint8_t *at = data;

	for (size_t i = 0; i < len; i++)
		sum->value = (sum->value ^ at[i]) * 0x100000001b3u;
}

static int take_frame(void *owner, const struct frame *f, const void *payload)
{
	add(owner, &f->type, 1);
	add(owner, payload, f->length);
	return 0;
}

static int take_data(void *owner, int fd, const void *data, size_t len)
{
	(void)fd;
	add(owner, data, len);
	return 0;
}

static const struct channel_ops ops = { .frame = take_frame, .data = take_data };

/* Feeds all, in pieces of `piece` bytes. Returns the error. */
static int feed(struct sum *sum, const uint8_t *data, size_t size, size_t piece)
{
	static struct channel ch;
	int error = 0;

	memset(&ch, 0, sizeof(ch));
	ch.ops = &ops;
	ch.owner = sum;
	ch.in_size = 128 * 1024;
	ch.in = malloc(ch.in_size);
	while (size > 0 && error == 0) {
		size_t len = size < piece ? size : piece;

		error = channel_feed(&ch, data, len);
		data += len;
		size -= len;
	}
	free(ch.in);
	ch.owner = NULL;
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum whole = { 0 }, cut = { 0 };
	size_t piece = size > 0 ? 1 + data[0] % 40 : 1;
	int error = feed(&whole, data, size, size);

	if (feed(&cut, data, size, piece) != error || whole.value != cut.value)
		abort();
	return 0;
}
