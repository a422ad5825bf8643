/* test_hello.c: HELLO, byte by byte. */
#include <errno.h>
#include <string.h>

#include "interop/wire/wire.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

/* A HELLO by hand, with the path "C:\a". */
static const uint8_t hello_bytes[] =
	"LANDBRDG\1\0\2\0eeeeeeeeeeeeeeeeoooooooooooooooo\0\0\0\0\1\0\0\0\5\0\0\0C:\\a";

static void hello_round(void **state)
{
	uint8_t buf[128];
	struct hello h;
	struct writer w;

	(void)state;
	assert_int_equal(hello_decode(&h, hello_bytes, sizeof(hello_bytes)), 0);
	assert_int_equal(h.version_min, 1);
	assert_int_equal(h.version_max, 2);
	assert_memory_equal(h.epoch, "eeeeeeeeeeeeeeee", WIRE_EPOCH);
	assert_memory_equal(h.echo, "oooooooooooooooo", WIRE_EPOCH);
	assert_string_equal(h.host_path.at, "C:\\a");
	assert_true(hello_speaks(&h, 2));
	assert_false(hello_speaks(&h, 3));
	assert_false(hello_speaks(&h, 0));

	writer_init(&w, buf, sizeof(buf));
	hello_encode(&w, &h);
	assert_int_equal(w.used, sizeof(hello_bytes));
	assert_memory_equal(buf, hello_bytes, w.used);
}

static void hello_cut(void **state)
{
	struct hello h;

	(void)state;
	for (size_t len = 0; len < sizeof(hello_bytes); len++)
		if (hello_decode(&h, hello_bytes, len) != (len == WIRE_HELLO_MIN ? 0 : -EPROTO))
			fail_msg("%zu bytes: wrong answer", len);
}

static void hello_wrong(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} wrong[] = { { 0, 'l' }, { 8, 3 }, { 50, 1 }, { 52, 4 }, { 52, 6 }, { 57, 0 }, { 60, 1 } };
	uint8_t bytes[sizeof(hello_bytes)];
	struct hello h;

	(void)state;
	for (size_t i = 0; i < array_len(wrong); i++) {
		memcpy(bytes, hello_bytes, sizeof(bytes));
		bytes[wrong[i].at] = wrong[i].value;
		if (hello_decode(&h, bytes, sizeof(bytes)) != -EPROTO)
			fail_msg("byte %zu = %d was taken", wrong[i].at, wrong[i].value);
	}
	/* a field from the future is skipped */
	memcpy(bytes, hello_bytes, sizeof(bytes));
	bytes[48] = 99;
	assert_int_equal(hello_decode(&h, bytes, sizeof(bytes)), 0);
	assert_int_equal(h.host_path.len, 0);
}

#define DRIVE(letter, flags, more) "\2\0\0\0\4\0\0\0" letter flags more

static void hello_drives(void **state)
{
	static const struct {
		const char *name, *fields;
		size_t len;
		int want;
		uint32_t drives, read_only;
	} rows[] = {
		{ "none", "", 0, 0, 0, 0 },
		{ "one", DRIVE("C", "\0", "\0\0"), 12, 0, 4, 0 },
		{ "two", DRIVE("A", "\1", "\0\0") DRIVE("Z", "\0", "\0\0"), 24, 0, 1 | 1 << 25, 1 },
		{ "twice", DRIVE("C", "\0", "\0\0") DRIVE("C", "\1", "\0\0"), 24, -EPROTO, 0, 0 },
		{ "small letter", DRIVE("c", "\0", "\0\0"), 12, -EPROTO, 0, 0 },
		{ "no letter", DRIVE("[", "\0", "\0\0"), 12, -EPROTO, 0, 0 },
		{ "unknown flag", DRIVE("C", "\2", "\0\0"), 12, -EPROTO, 0, 0 },
		{ "not reserved", DRIVE("C", "\0", "\0\1"), 12, -EPROTO, 0, 0 },
		{ "too long", "\2\0\0\0\5\0\0\0C\0\0\0\0", 13, -EPROTO, 0, 0 },
		{ "too short", "\2\0\0\0\3\0\0\0C\0\0", 11, -EPROTO, 0, 0 },
	};
	uint8_t bytes[WIRE_HELLO_MIN + 32], again[WIRE_HELLO_MIN + 32];
	char text[HELLO_DRIVES_TEXT];
	struct hello h;
	struct writer w;

	(void)state;
	memcpy(bytes, hello_bytes, WIRE_HELLO_MIN);
	for (size_t i = 0; i < array_len(rows); i++) {
		memcpy(bytes + WIRE_HELLO_MIN, rows[i].fields, rows[i].len);
		if (hello_decode(&h, bytes, WIRE_HELLO_MIN + rows[i].len) != rows[i].want)
			fail_msg("%s: wrong answer", rows[i].name);
		if (rows[i].want)
			continue;
		assert_int_equal(h.drives, rows[i].drives);
		assert_int_equal(h.read_only, rows[i].read_only);
		writer_init(&w, again, sizeof(again));
		hello_encode(&w, &h);
		assert_int_equal(w.used, WIRE_HELLO_MIN + rows[i].len);
		assert_memory_equal(again, bytes, w.used);
	}
	hello_drives_text(text, 1 | 4 | 1 << 25);
	assert_string_equal(text, "A:, C:, Z:");
	hello_drives_text(text, 0);
	assert_string_equal(text, "");
	hello_drives_text(text, (1 << 26) - 1);
	assert_int_equal(strlen(text), HELLO_DRIVES_TEXT - 2);
}

static void hello_time(void **state)
{
	static const uint8_t field[] = "\3\0\0\0\10\0\0\0\1\2\3\4\5\6\7\10";
	uint8_t bytes[WIRE_HELLO_MIN + 16], buf[128];
	struct writer w;
	struct hello h;

	(void)state;
	memcpy(bytes, hello_bytes, WIRE_HELLO_MIN);
	memcpy(bytes + WIRE_HELLO_MIN, field, 16);
	assert_int_equal(hello_decode(&h, bytes, WIRE_HELLO_MIN), 0);
	assert_int_equal(h.time, 0);
	assert_int_equal(hello_decode(&h, bytes, sizeof(bytes)), 0);
	assert_true(h.time == 0x0807060504030201);
	writer_init(&w, buf, sizeof(buf));
	hello_encode(&w, &h);
	assert_int_equal(w.used, sizeof(bytes));
	assert_memory_equal(buf, bytes, sizeof(bytes));
	bytes[WIRE_HELLO_MIN + 4] = 7;
	assert_int_equal(hello_decode(&h, bytes, sizeof(bytes) - 1), -EPROTO);
}

static void hello_is_found(void **state)
{
	const struct frame f = { sizeof(hello_bytes), WIRE_HELLO, 0, 0 };
	const uint8_t *ours = (const uint8_t *)"oooooooooooooooo";
	uint8_t buf[256] = { 0 };
	struct writer w;

	(void)state;
	writer_init(&w, buf, sizeof(buf));
	write_bytes(&w, "\0\0\0", 3);
	frame_put(&w, &f, hello_bytes);
	for (size_t at = 0; at < w.used; at++)
		if (hello_found(buf + at, w.used - at, ours) != (at == 3))
			fail_msg("offset %zu: wrong answer", at);
	assert_false(hello_found(buf + 3, w.used - 3, (const uint8_t *)"eeeeeeeeeeeeeeee"));
	for (size_t len = 0; len < w.used - 3; len++)
		if (hello_found(buf + 3, len, ours) != (len >= WIRE_HEADER + WIRE_HELLO_MIN))
			fail_msg("%zu bytes: wrong answer", len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_round),    cmocka_unit_test(hello_cut),
		cmocka_unit_test(hello_wrong),    cmocka_unit_test(hello_drives),
		cmocka_unit_test(hello_is_found), cmocka_unit_test(hello_time),
	};

	return cmocka_run_group_tests_name("hello", tests, NULL, NULL);
}
