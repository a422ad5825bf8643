/* fuzz_p9remote.c: a server's bytes, while calls of several kinds are under way. However
 * they are cut, the same calls end in the same way. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "p9fs/remote.h"
#include "lib/lib.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t asked[] = { P9_TGETATTR, P9_TWOPEN,     P9_TREAD,     P9_TREADDIR,
				 P9_TCLUNK,   P9_TXATTRWALK, P9_TREADLINK, P9_TGETLOCK };

struct sum {
	struct remote_call calls[array_len(asked)];
	uint64_t value;
};

static void add(struct sum *sum, const void *data, size_t len)
{
	const uint8_t *at = data;

	for (size_t i = 0; i < len; i++)
		sum->value = (sum->value ^ at[i]) * 0x100000001b3u;
}

static struct sum *current;

static void answered(struct remote_call *call, const struct p9_msg *r)
{
	(void)call;
	add(current, &r->tag, sizeof(r->tag));
	add(current, &r->type, sizeof(r->type));
	if (r->type == P9_TREAD + 1 || r->type == P9_TREADDIR + 1)
		add(current, r->data, r->count);
	if (r->type == P9_TREADLINK + 1)
		add(current, r->target.at, r->target.len);
}

static int feed(struct sum *sum, const uint8_t *data, size_t size, size_t piece)
{
	static struct remote remote;
	int pair[2], err = 0;

	current = sum;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || remote_init(&remote, pair[0]) < 0)
		abort();
	for (size_t i = 0; i < array_len(asked); i++) {
		struct p9_msg t = { .type = asked[i] };

		sum->calls[i].done = answered;
		if (remote_call(&remote, &sum->calls[i], &t) < 0)
			abort();
	}
	while (size > 0 && !err) {
		size_t len = size < piece ? size : piece;

		err = remote_feed(&remote, data, len);
		data += len;
		size -= len;
	}
	remote_fini(&remote);
	fd_close(&pair[1]);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum whole = { 0 }, cut = { 0 };
	size_t piece = size > 0 ? 1 + data[0] % 40 : 1;
	int err = feed(&whole, data, size, size);

	if (feed(&cut, data, size, piece) != err || whole.value != cut.value)
		abort();
	return 0;
}
