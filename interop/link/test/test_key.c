/* test_key.c: the key file of a link over tcp: its grammar, and who may own one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "interop/link/key.h"
#include "lib/lib.h"

#define OWN "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
#define PEER                                                                 \
	"0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6" \
	"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define BELOW "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"

static const struct {
	const char *text;
	int error;
	int64_t until;
} rows[] = {
	{ "own = " OWN "\npeer = " PEER "\n", 0, 0 },
	{ "peer=" PEER "\r\n\r\n  # a comment\r\n\town\t=\t" OWN, 0, 0 },
	{ "own=" OWN "\npeer=" PEER "\nuntil = 1798761600\n", 0, 1798761600 },
	{ "own=" BELOW "\npeer=" PEER "\n", 0, 0 },
	{ "", -EINVAL, 0 },
	{ "own=" OWN "\n", -EINVAL, 0 },
	{ "peer=" PEER "\n", -EINVAL, 0 },
	{ "own=" OWN "\nown=" OWN "\npeer=" PEER "\n", -EINVAL, 0 },
	{ "own=" OWN "\npeer=" PEER "\nname=x\n", -EINVAL, 0 },
	{ "own=" OWN "\npeer=" PEER "\nx\n", -EINVAL, 0 },
	{ "own=" OWN "0\npeer=" PEER "\n", -EINVAL, 0 },
	{ "own=" OWN "00\npeer=" PEER "\n", -EINVAL, 0 },
	{ "own=g" OWN "\npeer=" PEER "\n", -EINVAL, 0 },
	{ "own=" OWN "\npeer=" OWN "\n", -EINVAL, 0 },
	{ "own=" ZERO "\npeer=" PEER "\n", -EINVAL, 0 },
	{ "own=" ORDER "\npeer=" PEER "\n", -EINVAL, 0 },
	{ "own=" OWN "\npeer=02" ZERO ZERO "\n", -EINVAL, 0 },
	{ "own=" OWN "\npeer=" PEER "\nuntil = \n", -EINVAL, 0 },
	{ "own=" OWN "\npeer=" PEER "\nuntil = 0\n", -EINVAL, 0 },
	{ "own=" OWN "\npeer=" PEER "\nuntil = -1\n", -EINVAL, 0 },
	{ "own=" OWN "\npeer=" PEER "\nuntil = 1e9\n", -EINVAL, 0 },
	{ "own=" OWN "\npeer=" PEER "\nuntil = 1234567890123\n", -EINVAL, 0 },
};

static void grammar(void **state)
{
	static const uint8_t nothing[sizeof(struct key)];
	struct key key;

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		int error = key_parse(&key, rows[i].text, strlen(rows[i].text));

		if (error != rows[i].error)
			fail_msg("row %zu: %d", i, error);
		if (error) {
			assert_memory_equal(&key, nothing, sizeof(key));
			continue;
		}
		assert_int_equal(key.until, rows[i].until);
		assert_int_equal(key.peer[0], 4);
		assert_int_equal(key.peer[64], 0x99);
	}
	assert_int_equal(key_parse(&key, "own=\0" OWN, 70), -EINVAL);
}

static void a_long_file_is_none(void **state)
{
	char text[2 * KEY_TEXT_MAX];
	struct key key;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, rows[0].text, strlen(rows[0].text));
	assert_int_equal(key_parse(&key, text, KEY_TEXT_MAX - 1), 0);
	assert_int_equal(key_parse(&key, text, KEY_TEXT_MAX), -EINVAL);
}

static void what_is_written_is_read(void **state)
{
	static const uint8_t seed[2 * KEY_SEED] = { 1, 2, 3 };
	char text[KEY_TEXT_MAX];
	struct key one, other, again;
	size_t len;

	(void)state;
	key_make_pair(&one, &other, seed, 1798761600);
	assert_memory_not_equal(one.own, other.own, KEY_OWN);
	assert_memory_not_equal(one.peer, other.peer, KEY_PEER);
	len = key_format(&one, text, sizeof(text));
	assert_true(len > 0);
	assert_int_equal(key_parse(&again, text, len), 0);
	assert_memory_equal(again.own, one.own, KEY_OWN);
	assert_memory_equal(again.peer, one.peer, KEY_PEER);
	assert_int_equal(again.until, 1798761600);
	assert_int_equal(key_format(&one, text, len), 0);
	other.until = 0;
	len = key_format(&other, text, sizeof(text));
	assert_int_equal(key_parse(&again, text, len), 0);
	assert_int_equal(again.until, 0);
}

static void when_it_is_void(void **state)
{
	struct key key = { .until = 0 };

	(void)state;
	assert_false(key_expired(&key, INT64_MAX));
	key.until = 1000;
	assert_false(key_expired(&key, 999));
	assert_true(key_expired(&key, 1000));
}

static void only_its_owner_may_read_it(void **state)
{
	char path[] = "/tmp/key-XXXXXX";
	int fd = mkstemp(path);
	struct key key;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, rows[0].text, strlen(rows[0].text)), 0);
	assert_int_equal(key_load(&key, path), 0);
	for (mode_t bit = 1; bit < 0100; bit <<= 1) {
		assert_int_equal(fchmod(fd, 0600 | bit), 0);
		assert_int_equal(key_load(&key, path), -EPERM);
	}
	assert_int_equal(fchmod(fd, 0400), 0);
	assert_int_equal(key_load(&key, path), 0);
	assert_int_equal(ftruncate(fd, 10), 0);
	assert_int_equal(key_load(&key, path), -EINVAL);
	assert_int_equal(key_load(&key, "/dev/null"), -EINVAL);
	close(fd);
	unlink(path);
	assert_int_equal(key_load(&key, path), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grammar),
		cmocka_unit_test(a_long_file_is_none),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(when_it_is_void),
		cmocka_unit_test(only_its_owner_may_read_it),
	};

	return cmocka_run_group_tests_name("link key", tests, NULL, NULL);
}
