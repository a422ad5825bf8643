/* test_flight.c: frames and a DATA frame leave in order, however they are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "interop/link/flight.h"
#include "lib/lib.h"

struct wire {
	uint8_t bytes[512];
	size_t used;
};

/* Sends up to `most` bytes of what is due. */
static size_t leave(struct flight *f, struct queue *frames, struct wire *to, size_t most)
{
	struct iovec iov[FLIGHT_IOV];
	int count = flight_iov(f, frames, iov);
	size_t sent = 0;

	for (int i = 0; i < count; i++) {
		size_t n = iov[i].iov_len < most - sent ? iov[i].iov_len : most - sent;

		memcpy(to->bytes + to->used, iov[i].iov_base, n);
		to->used += n;
		sent += n;
	}
	flight_sent(f, frames, sent);
	return sent;
}

static const char head[] = "a control frame; ", tail[] = "another one", body[] = "the payload";
static const struct frame data = { sizeof(body) - 1, WIRE_DATA, 1, 7 };

/* `first` bytes leave, then a frame is queued and, perhaps, the source lost. */
static void cut_at(size_t first, bool lose)
{
	const size_t before = strlen(head);
	struct queue frames = { 0 }, source = { 0 };
	struct flight f = { 0 };
	struct wire out = { .used = 0 }, want = { .used = 0 };
	bool begun = first > before;

	queue_put(&frames, head, before);
	queue_put(&source, body, strlen(body));
	queue_put(&source, "more", 4);
	flight_begin(&f, &data, &source);
	leave(&f, &frames, &out, first);
	queue_put(&frames, tail, strlen(tail));
	if (lose) {
		assert_int_equal(flight_land(&f, &frames, &source), 0);
		queue_free(&source);
	}
	while (leave(&f, &frames, &out, 3))
		;
	memcpy(want.bytes, head, before);
	want.used = before;
	if (!begun) { /* the frame of a source that is alive comes last */
		memcpy(want.bytes + want.used, tail, strlen(tail));
		want.used += strlen(tail);
	}
	if (begun || !lose) {
		frame_encode(want.bytes + want.used, &data);
		memcpy(want.bytes + want.used + WIRE_HEADER, body, strlen(body));
		want.used += WIRE_HEADER + strlen(body);
	}
	if (begun) {
		memcpy(want.bytes + want.used, tail, strlen(tail));
		want.used += strlen(tail);
	}
	assert_int_equal(out.used, want.used);
	assert_memory_equal(out.bytes, want.bytes, want.used);
	assert_int_equal(source.used, lose ? 0 : 4);
	assert_null(f.source);
	queue_free(&source);
	queue_free(&frames);
}

static void order_holds_at_every_cut(void **state)
{
	(void)state;
	for (size_t first = 0; first <= strlen(head) + WIRE_HEADER + strlen(body); first++) {
		cut_at(first, false);
		cut_at(first, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(order_holds_at_every_cut) };

	return cmocka_run_group_tests_name("flight", tests, NULL, NULL);
}
