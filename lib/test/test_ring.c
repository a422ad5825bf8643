/* test_ring.c: what goes in comes out, in order, around the corner too. */
#include "lib/ring.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/test/cmocka_all.h"

static void test_wraps(void **state)
{
	uint8_t memory[8];
	struct ring ring;
	char out[8];

	(void)state;
	ring_init(&ring, memory, sizeof(memory));
	for (int round = 0; round < 20; round++) {
		assert_int_equal(ring_put(&ring, "abcde", 5), 0);
		assert_int_equal(ring_used(&ring), 5);
		assert_int_equal(ring_put(&ring, "fghi", 4), -ENOBUFS);
		assert_int_equal(ring_peek(&ring, out, sizeof(out)), 5);
		assert_memory_equal(out, "abcde", 5);
		ring_take(&ring, 5);
		assert_int_equal(ring_space(&ring), 8);
	}
}

static void test_through_pipe(void **state)
{
	uint8_t memory[16];
	struct ring ring;
	int fds[2];
	char out[32] = "";

	(void)state;
	assert_int_equal(pipe(fds), 0);
	ring_init(&ring, memory, sizeof(memory));
	ring.head = ring.tail = 11; /* both pieces are used */
	assert_int_equal(ring_write_to(&ring, fds[1]), 0);
	assert_int_equal(write(fds[1], "0123456789abcdefXYZ", 19), 19);
	assert_int_equal(ring_read_from(&ring, fds[0]), 16);
	assert_int_equal(ring_read_from(&ring, fds[0]), -ENOBUFS);
	assert_int_equal(ring_write_to(&ring, fds[1]), 16);
	assert_int_equal(read(fds[0], out, sizeof(out)), 19);
	assert_string_equal(out, "XYZ0123456789abcdef");
	close(fds[1]);
	assert_int_equal(ring_read_from(&ring, fds[0]), 0);
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wraps),
		cmocka_unit_test(test_through_pipe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
