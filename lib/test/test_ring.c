/* test_ring.c: what goes in comes out, in order, around the corner too. */
#include "lib/ring.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/test/cmocka_all.h"

/* Copies out what is queued. */
static size_t bytes_of(const struct ring *ring, char *out)
{
	struct iovec iov[2];
	size_t len = 0;
	int n = ring_iov_used(ring, iov);

	for (int i = 0; i < n; len += iov[i++].iov_len)
		memcpy(out + len, iov[i].iov_base, iov[i].iov_len);
	assert_int_equal(len, ring_used(ring));
	return len;
}

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
		assert_int_equal(bytes_of(&ring, out), 5);
		assert_memory_equal(out, "abcde", 5);
		ring_take(&ring, 5);
		assert_int_equal(ring_space(&ring), 8);
	}
}

static void test_to_pipe(void **state)
{
	uint8_t memory[16];
	struct iovec iov[2];
	struct ring ring;
	int fds[2];
	char out[32] = "";

	(void)state;
	assert_int_equal(pipe(fds), 0);
	ring_init(&ring, memory, sizeof(memory));
	ring.head = ring.tail = 11; /* both pieces are used */
	assert_int_equal(ring_iov_used(&ring, iov), 0);
	assert_int_equal(ring_put(&ring, "0123456789abcdef", 16), 0);
	assert_int_equal(ring_iov_used(&ring, iov), 2);
	assert_int_equal(writev(fds[1], iov, 2), 16);
	ring_take(&ring, 16);
	assert_int_equal(ring_used(&ring), 0);
	assert_int_equal(read(fds[0], out, sizeof(out)), 16);
	assert_string_equal(out, "0123456789abcdef");
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wraps),
		cmocka_unit_test(test_to_pipe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
