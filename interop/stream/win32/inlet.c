/* inlet.c: a program's output behind a source. */
#include "interop/stream/win32/inlet.h"

#include <errno.h>

#include "lib/macros.h"

static void inlet_ready(struct transfer *t)
{
	struct inlet *in = container_of(t, struct inlet, transfer);

	source_wake(&in->source);
	channel_pump(in->ch);
}

/* The next bytes, 0 at the end, or -EAGAIN. Somebody may write nothing: that is no end. */
static long inlet_read(struct source *s, size_t len, const uint8_t **from)
{
	struct inlet *in = container_of(s, struct inlet, source);
	long n = 0;

	*from = in->buffer;
	len = len < sizeof(in->buffer) ? len : sizeof(in->buffer);
	while (n == 0) {
		if (!in->transfer.busy)
			transfer_read(&in->transfer, in->buffer, len);
		n = transfer_result(&in->transfer);
	}
	return n == -EAGAIN ? n : n < 0 ? 0 : n;
}

static void inlet_ended(struct source *s)
{
	inlet_close(container_of(s, struct inlet, source));
}

static const struct source_ops inlet_source = { .read = inlet_read, .close = inlet_ended };

void inlet_init(struct inlet *in, struct channel *ch, int number)
{
	in->ch = ch;
	source_init(&in->source, number);
	transfer_init(&in->transfer, inlet_ready);
}

int inlet_open(struct inlet *in, struct loop *loop, HANDLE pipe)
{
	source_start(&in->source, &inlet_source);
	if (pipe)
		return transfer_open(&in->transfer, loop, pipe);
	source_end(&in->source);
	return 0;
}

int inlet_open_plain(struct inlet *in, struct loop *loop, HANDLE file)
{
	source_start(&in->source, &inlet_source);
	if (file)
		return transfer_open_plain(&in->transfer, loop, file);
	source_end(&in->source);
	return 0;
}

void inlet_close(struct inlet *in)
{
	transfer_close(&in->transfer);
}
