/* test_bytes.c: cursors stay inside their memory. */
#include "lib/bytes.h"
#include "lib/test/cmocka_all.h"

static void test_little_endian(void **state)
{
	uint8_t buf[15];
	struct writer w;
	struct reader r;

	(void)state;
	writer_init(&w, buf, sizeof(buf));
	write_u8(&w, 0x01);
	write_u16(&w, 0x0302);
	write_u32(&w, 0x07060504);
	write_u64(&w, 0x0f0e0d0c0b0a0908);
	assert_false(w.bad);
	for (size_t i = 0; i < sizeof(buf); i++)
		assert_int_equal(buf[i], i + 1);
	reader_init(&r, buf, sizeof(buf));
	assert_int_equal(read_u8(&r), 0x01);
	assert_int_equal(read_u16(&r), 0x0302);
	assert_int_equal(read_u32(&r), 0x07060504);
	assert_true(read_u64(&r) == 0x0f0e0d0c0b0a0908);
	assert_false(r.bad);
}

static void test_short_read_sticks(void **state)
{
	struct reader r;

	(void)state;
	reader_init(&r, "abc", 3);
	assert_int_equal(read_u32(&r), 0);
	assert_true(r.bad);
	assert_int_equal(read_u8(&r), 0);
	assert_null(read_bytes(&r, 0));
}

static void test_full_writer_sticks(void **state)
{
	uint8_t buf[5] = { 0 };
	struct writer w;

	(void)state;
	writer_init(&w, buf, 4);
	write_u16(&w, 0x0102);
	write_u32(&w, 0);
	assert_true(w.bad);
	write_u8(&w, 7);
	assert_int_equal(w.used, 2);
	assert_int_equal(buf[2], 0);
}

static void test_patch(void **state)
{
	uint8_t buf[8];
	struct writer w;

	(void)state;
	writer_init(&w, buf, sizeof(buf));
	write_u32(&w, 0);
	write_u8(&w, 9);
	write_u32_at(&w, 0, 5);
	assert_int_equal(buf[0], 5);
	assert_int_equal(buf[4], 9);
	assert_false(w.bad);
	write_u32_at(&w, 2, 5);
	assert_true(w.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_little_endian),
		cmocka_unit_test(test_short_read_sticks),
		cmocka_unit_test(test_full_writer_sticks),
		cmocka_unit_test(test_patch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
