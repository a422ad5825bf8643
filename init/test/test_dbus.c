/* test_dbus.c: what a session of logind takes, byte for byte. */
#include "init/dbus.h"

#include <errno.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

/* As dbus-daemon(1) was seen to take them. */
static const char greeting[] = "l\1\0\1\0\0\0\0\1\0\0\0m\0\0\0"
			       "\1\1o\0\25\0\0\0/org/freedesktop/DBus\0\0\0"
			       "\2\1s\0\24\0\0\0org.freedesktop.DBus\0\0\0\0"
			       "\3\1s\0\5\0\0\0Hello\0\0\0"
			       "\6\1s\0\24\0\0\0org.freedesktop.DBus\0\0\0";
static const char body[] = "\350\3\0\0"
			   "\52\0\0\0"
			   "\12\0\0\0landbridge\0\0"
			   "\3\0\0\0tty\0"
			   "\4\0\0\0user\0\0\0\0"
			   "\0\0\0\0\0\0\0\0"
			   "\0\0\0\0\0\0\0\0"
			   "\0\0\0\0"
			   "\12\0\0\0/dev/pts/3\0\0"
			   "\0\0\0\0\0\0\0\0"
			   "\0\0\0\0"
			   "\0\0\0\0\0\0\0\0"
			   "\0\0\0\0\0\0\0\0"
			   "\0\0\0";

static void test_calls(void **state)
{
	static const struct dbus_session session = { 1000, 42, "/dev/pts/3" };
	struct dbus_message m;
	uint8_t out[DBUS_MAX];
	size_t first, second;
	int len;

	(void)state;
	len = dbus_open_session(&session, out, sizeof(out));
	assert_true(len > 0);
	first = DBUS_HEAD + (size_t)dbus_rest(out);
	assert_int_equal(first, sizeof(greeting));
	assert_memory_equal(out, greeting, sizeof(greeting));
	second = DBUS_HEAD + (size_t)dbus_rest(out + first);
	assert_int_equal(first + second, len);
	assert_int_equal(dbus_parse(out + first, second, &m), 0);
	/* Its end, so that what is aligned is where it belongs. */
	assert_memory_equal(out + len - sizeof(body), body, sizeof(body));
	for (size_t size = 0; size < (size_t)len; size++)
		assert_int_equal(dbus_open_session(&session, out, size), -EMSGSIZE);
}

/* --- answers --------------------------------------------------------------------- */

static void align(struct writer *w, size_t to)
{
	while (w->used % to)
		write_u8(w, 0);
}

static void string(struct writer *w, const char *s)
{
	align(w, 4);
	write_u32(w, (uint32_t)strlen(s));
	write_bytes(w, s, strlen(s) + 1);
}

/* An answer to call number 2, as a bus lays it out. */
static size_t answer(uint8_t *out, uint8_t type, const char *signature,
		     const char *const strings[3])
{
	struct writer w;
	size_t begin;

	writer_init(&w, out, DBUS_MAX);
	write_bytes(&w, (const uint8_t[]){ 'l', type, 1, 1 }, 4);
	write_u32(&w, 0);
	write_u32(&w, 7);
	write_u32(&w, 0);
	write_bytes(&w, "\5\1u\0\2\0\0\0\6\1s\0", 12);
	string(&w, ":1.5");
	align(&w, 8);
	write_bytes(&w, "\10\1g", 4);
	write_u8(&w, (uint8_t)strlen(signature));
	write_bytes(&w, signature, strlen(signature) + 1);
	write_u32_at(&w, 12, (uint32_t)w.used - 16);
	align(&w, 8);
	begin = w.used;
	for (size_t i = 0; i < 3 && strings[i]; i++)
		string(&w, strings[i]);
	write_u32_at(&w, 4, (uint32_t)(w.used - begin));
	return w.used;
}

static void test_answers(void **state)
{
	static const struct {
		uint8_t type;
		const char *signature, *strings[3], *want[3];
	} rows[] = {
		{ DBUS_REPLY,
		  "soshusub",
		  { "c1", "/o", "/run/user/0" },
		  { "c1", "/o", "/run/user/0" } },
		{ DBUS_ERROR, "s", { "No such thing" }, { "No such thing", "", "" } },
		{ DBUS_REPLY, "us", { NULL }, { "", "", "" } },
		{ DBUS_REPLY, "", { NULL }, { "", "", "" } },
	};
	struct dbus_message m;
	uint8_t at[DBUS_MAX];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		size_t len = answer(at, rows[i].type, rows[i].signature, rows[i].strings);

		assert_int_equal(dbus_parse(at, len, &m), 0);
		assert_int_equal(m.type, rows[i].type);
		assert_int_equal(m.reply_to, 2);
		for (size_t j = 0; j < 3; j++)
			assert_string_equal(m.strings[j], rows[i].want[j]);
		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(dbus_parse(at, cut, &m), -EPROTO);
	}
}

static void test_broken(void **state)
{
	static const struct {
		size_t at;
		uint8_t is;
		int rest, parsed; /* 1: a length */
	} rows[] = {
		{ 0, 'B', -EPROTO, -EPROTO },   /* big-endian: its body is too long then */
		{ 3, 2, -EPROTO, -EPROTO },     /* of another version */
		{ 7, 0x80, -EPROTO, -EPROTO },  /* a long body */
		{ 15, 0xff, -EPROTO, -EPROTO }, /* long fields */
		{ 5, 0x08, 1, -EPROTO },
		{ 17, 2, 1, -EPROTO },   /* a field of two types */
		{ 18, 'y', 1, -EPROTO }, /* of one that no field has */
		{ 28, 0xff, 1, -EPROTO },
		{ 31, 0xff, 1, -EPROTO }, /* a string longer than all */
		{ 28, 3, 1, -EPROTO },    /* one that does not end where it says */
	};
	static const char *const strings[3] = { "c1", "/o", "/run" };
	struct dbus_message m;
	uint8_t at[DBUS_MAX];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		size_t len = answer(at, DBUS_REPLY, "sos", strings);
		int rest;

		at[rows[i].at] = rows[i].is;
		rest = dbus_rest(at);
		assert_int_equal(rest > 0 ? 1 : rest, rows[i].rest);
		assert_int_equal(dbus_parse(at, len, &m), rows[i].parsed);
	}
}

/* Whoever may speak on the bus may speak to us: what is not the answer is passed over. */
static void test_others(void **state)
{
	static const struct {
		uint8_t head[DBUS_HEAD];
		int rest;
	} rows[] = {
		{ { 'B', 4, 0, 1, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1 }, 17 },
		{ { 'l', 4, 0, 1, 0, 0, 16, 0, 1, 0, 0, 0, 8, 0, 0, 0 }, 8 + (1 << 20) },
		{ { 'l', 4, 0, 1, 1, 0, 0, 8, 1, 0, 0, 0, 0, 0, 0, 0 }, -EPROTO },
		{ { 'l', 4, 0, 1, 0, 0, 0, 8, 1, 0, 0, 0, 1, 0, 0, 0 }, -EPROTO },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++)
		assert_int_equal(dbus_rest(rows[i].head), rows[i].rest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
