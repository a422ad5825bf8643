/* test_parts.c: the queue, the deframer, and finding a serial port. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "interop/link/deframer.h"
#include "interop/link/dialer.h"
#include "interop/link/link.h"
#include "lib/lib.h"

/* Bytes come out as they went in, whatever the sizes; memory stays near them. */
static void queue_keeps_order(void **state)
{
	struct queue q = { 0 };
	uint8_t in = 0, out = 0, bytes[5000];
	unsigned step = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		size_t put = (step = step * 1103515245 + 12345) % sizeof(bytes);
		size_t take = (step >> 8) % (q.used + put + 1);

		for (size_t i = 0; i < put; i++)
			bytes[i] = in++;
		assert_int_equal(queue_put(&q, bytes, put), 0);
		for (size_t i = 0; i < take; i++)
			assert_int_equal(queue_head(&q)[i], out++);
		queue_take(&q, take);
		assert_true(q.start + q.used <= q.size);
	}
	assert_in_range(q.size, 0, 64 * 1024);
	queue_free(&q);
	assert_null(q.base);
}

struct heard {
	struct queue data;
	unsigned frames;
	uint32_t stop_at; /* the stream whose frame is refused */
};

static int heard_begin(void *owner, const struct frame *f, struct queue **sink)
{
	struct heard *h = owner;

	if (f->stream == h->stop_at)
		return -EPROTO;
	*sink = f->flags == 1 ? &h->data : NULL;
	return 0;
}

static int heard_end(void *owner, const struct frame *f)
{
	struct heard *h = owner;

	(void)f;
	h->frames++;
	return 0;
}

static const struct deframer_ops heard_ops = { heard_begin, heard_end };

static const uint8_t three_frames[] = "\5\0\0\0\x13\1\0\0\1\0\0\0hello"
				      "\0\0\0\0\x14\1\0\0\1\0\0\0"
				      "\3\0\0\0\x13\2\0\0\1\0\0\0err";

static void deframer_takes_any_cut(void **state)
{
	size_t len = sizeof(three_frames) - 1;

	(void)state;
	for (size_t first = 0; first <= len; first++) {
		struct heard h = { .stop_at = 9 };
		struct deframer c;

		deframer_init(&c, &heard_ops, &h);
		assert_int_equal(deframer_feed(&c, three_frames, first), 0);
		assert_int_equal(deframer_feed(&c, three_frames + first, len - first), 0);
		assert_int_equal(h.frames, 3);
		assert_int_equal(h.data.used, 5);
		assert_memory_equal(queue_head(&h.data), "hello", 5);
		queue_free(&h.data);
	}
}

static void deframer_reads_big_payloads_in_place(void **state)
{
	static uint8_t payload[60000], scratch[512];
	const struct frame f = { sizeof(payload), WIRE_DATA, 1, 1 };
	struct heard h = { .stop_at = 9 };
	uint8_t header[WIRE_HEADER];
	struct deframer c;
	int sv[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	memset(payload, 'x', sizeof(payload));
	frame_encode(header, &f);
	deframer_init(&c, &heard_ops, &h);
	assert_int_equal(write(sv[0], header, sizeof(header)), WIRE_HEADER);
	assert_int_equal(deframer_read(&c, sv[1], scratch, sizeof(scratch)), WIRE_HEADER);
	assert_int_equal(write(sv[0], payload, sizeof(payload)), sizeof(payload));
	assert_int_equal(write(sv[0], three_frames, 29), 29);
	assert_int_equal(deframer_read(&c, sv[1], scratch, sizeof(scratch)), sizeof(payload) + 29);
	assert_int_equal(h.data.used, sizeof(payload) + 5);
	assert_int_equal(h.frames, 3);
	queue_free(&h.data);

	assert_int_equal(write(sv[0], three_frames, 11), 11);
	assert_int_equal(deframer_read(&c, sv[1], scratch, sizeof(scratch)), 11);
	close(sv[0]);
	assert_int_equal(deframer_read(&c, sv[1], scratch, sizeof(scratch)), 0);
	close(sv[1]);
}

static void deframer_stops_at_nonsense(void **state)
{
	struct heard h = { .stop_at = 1 };
	struct deframer c;

	(void)state;
	deframer_init(&c, &heard_ops, &h);
	assert_int_equal(deframer_feed(&c, three_frames, sizeof(three_frames) - 1), -EPROTO);
	deframer_init(&c, &heard_ops, &h);
	assert_int_equal(deframer_feed(&c, (const uint8_t *)"GET / HTTP/1.1", 14), -EPROTO);
	assert_int_equal(h.frames, 0);
}

static void port(const char *sys, const char *entry, const char *name)
{
	char path[256];

	fmt(path, sizeof(path), "%s/%s", sys, entry);
	assert_int_equal(dir_make(path, 0755), 0);
	fmt(path, sizeof(path), "%s/%s/name", sys, entry);
	assert_int_equal(file_create(path, name, 0644), 0);
}

static void port_gone(const char *sys, const char *entry)
{
	char path[256];

	fmt(path, sizeof(path), "%s/%s/name", sys, entry);
	unlink(path);
	fmt(path, sizeof(path), "%s/%s", sys, entry);
	assert_int_equal(rmdir(path), 0);
}

static void serial_port_is_found_by_name(void **state)
{
	char sys[] = "/tmp/ports-XXXXXX", device[64];

	(void)state;
	assert_non_null(mkdtemp(sys));
	assert_int_equal(serial_find(sys, "landbridge.0", device, sizeof(device)), -ENODEV);
	port(sys, "vport1p1", "org.qemu.guest_agent.0\n");
	port(sys, "vport2p1", "landbridge.0\n");
	port(sys, "vport2p2", "landbridge.01\n");
	assert_int_equal(serial_find(sys, "landbridge.0", device, sizeof(device)), 0);
	assert_string_equal(device, "/dev/vport2p1");
	assert_int_equal(serial_find(sys, "landbridge", device, sizeof(device)), -ENODEV);
	assert_int_equal(serial_find(sys, "landbridge.0", device, 5), -ENODEV);
	port_gone(sys, "vport1p1");
	port_gone(sys, "vport2p1");
	port_gone(sys, "vport2p2");
	assert_int_equal(rmdir(sys), 0);
	assert_int_equal(serial_find(sys, "landbridge.0", device, sizeof(device)), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queue_keeps_order),
		cmocka_unit_test(deframer_takes_any_cut),
		cmocka_unit_test(deframer_reads_big_payloads_in_place),
		cmocka_unit_test(deframer_stops_at_nonsense),
		cmocka_unit_test(serial_port_is_found_by_name),
	};

	return cmocka_run_group_tests_name("link parts", tests, NULL, NULL);
}
