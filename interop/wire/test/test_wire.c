/* test_wire.c: every frame and message, right, cut at every byte, and wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "interop/wire/wire.h"
#include "lib/lib.h"

struct header_case {
	const char *name;
	uint8_t bytes[WIRE_HEADER];
	int want;
};

#define HEADER(l0, l1, l2, type, flags, zero, stream)                              \
	{                                                                          \
		(l0), (l1), (l2), 0, (type), (flags), (zero), 0, (stream), 0, 0, 0 \
	}

static const struct header_case headers[] = {
	{ "hello", HEADER(48, 0, 0, WIRE_HELLO, 0, 0, 0), 0 },
	{ "hello, largest", HEADER(0, 0, 1, WIRE_HELLO, 0, 0, 0), 0 },
	{ "hello, too short", HEADER(47, 0, 0, WIRE_HELLO, 0, 0, 0), -EPROTO },
	{ "hello, too long", HEADER(1, 0, 1, WIRE_HELLO, 0, 0, 0), -EPROTO },
	{ "hello on a stream", HEADER(48, 0, 0, WIRE_HELLO, 0, 0, 1), -EPROTO },
	{ "ping", HEADER(0, 0, 0, WIRE_PING, 0, 0, 0), 0 },
	{ "ping with payload", HEADER(1, 0, 0, WIRE_PING, 0, 0, 0), -EPROTO },
	{ "ping on a stream", HEADER(0, 0, 0, WIRE_PING, 0, 0, 3), -EPROTO },
	{ "pong", HEADER(0, 0, 0, WIRE_PONG, 0, 0, 0), 0 },
	{ "shutdown", HEADER(0, 0, 0, WIRE_SHUTDOWN, 0, 0, 0), 0 },
	{ "type 0", HEADER(0, 0, 0, 0, 0, 0, 0), -EPROTO },
	{ "type 5", HEADER(0, 0, 0, 5, 0, 0, 0), -EPROTO },
	{ "type 15", HEADER(0, 0, 0, 15, 0, 0, 1), -EPROTO },
	{ "type 28", HEADER(0, 0, 0, 28, 0, 0, 1), -EPROTO },
	{ "type 255", HEADER(0, 0, 0, 255, 0, 0, 1), -EPROTO },
	{ "open, empty", HEADER(0, 0, 0, WIRE_OPEN, 0, 0, 1), 0 },
	{ "open, largest", HEADER(0, 0, 64, WIRE_OPEN, 0, 0, 1), 0 },
	{ "open, too long", HEADER(1, 0, 64, WIRE_OPEN, 0, 0, 1), -EPROTO },
	{ "open, a piece", HEADER(9, 0, 0, WIRE_OPEN, WIRE_MORE, 0, 1), 0 },
	{ "open, bad flag", HEADER(9, 0, 0, WIRE_OPEN, 2, 0, 1), -EPROTO },
	{ "open on stream 0", HEADER(9, 0, 0, WIRE_OPEN, 0, 0, 0), -EPROTO },
	{ "reserved bits", HEADER(0, 0, 0, WIRE_PING, 0, 1, 0), -EPROTO },
	{ "started", HEADER(8, 0, 0, WIRE_STARTED, 0, 0, 1), 0 },
	{ "started, short", HEADER(7, 0, 0, WIRE_STARTED, 0, 0, 1), -EPROTO },
	{ "failed, no text", HEADER(9, 0, 0, WIRE_FAILED, 0, 0, 1), 0 },
	{ "failed, short", HEADER(8, 0, 0, WIRE_FAILED, 0, 0, 1), -EPROTO },
	{ "failed, largest", HEADER(0, 4, 0, WIRE_FAILED, 0, 0, 1), 0 },
	{ "failed, too long", HEADER(1, 4, 0, WIRE_FAILED, 0, 0, 1), -EPROTO },
	{ "data", HEADER(1, 0, 0, WIRE_DATA, 2, 0, 1), 0 },
	{ "data, largest", HEADER(0, 0, 1, WIRE_DATA, 0, 0, 1), 0 },
	{ "data, too long", HEADER(1, 0, 1, WIRE_DATA, 0, 0, 1), -EPROTO },
	{ "data, empty", HEADER(0, 0, 0, WIRE_DATA, 0, 0, 1), -EPROTO },
	{ "data of fd 3", HEADER(1, 0, 0, WIRE_DATA, 3, 0, 1), -EPROTO },
	{ "data on stream 0", HEADER(1, 0, 0, WIRE_DATA, 1, 0, 0), -EPROTO },
	{ "eof", HEADER(0, 0, 0, WIRE_EOF, 2, 0, 1), 0 },
	{ "eof of fd 3", HEADER(0, 0, 0, WIRE_EOF, 3, 0, 1), -EPROTO },
	{ "closed", HEADER(0, 0, 0, WIRE_CLOSED, 1, 0, 1), 0 },
	{ "credit", HEADER(4, 0, 0, WIRE_CREDIT_ADD, 1, 0, 1), 0 },
	{ "credit, short", HEADER(3, 0, 0, WIRE_CREDIT_ADD, 1, 0, 1), -EPROTO },
	{ "consumed", HEADER(8, 0, 0, WIRE_CONSUMED, 0, 0, 1), 0 },
	{ "consumed with flags", HEADER(8, 0, 0, WIRE_CONSUMED, 1, 0, 1), -EPROTO },
	{ "winsz", HEADER(4, 0, 0, WIRE_WINSZ, 0, 0, 1), 0 },
	{ "signal", HEADER(4, 0, 0, WIRE_SIGNAL, 0, 0, 1), 0 },
	{ "exit", HEADER(4, 0, 0, WIRE_EXIT, WIRE_SIGNALLED, 0, 1), 0 },
	{ "exit, bad how", HEADER(4, 0, 0, WIRE_EXIT, 2, 0, 1), -EPROTO },
	{ "abort", HEADER(0, 0, 0, WIRE_ABORT, 0, 0, 1), 0 },
	{ "abort with payload", HEADER(1, 0, 0, WIRE_ABORT, 0, 0, 1), -EPROTO },
};

static void headers_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(headers); i++) {
		const struct header_case *c = &headers[i];
		uint8_t again[WIRE_HEADER];
		struct frame f;
		int got = frame_decode(&f, c->bytes);

		if (got != c->want)
			fail_msg("%s: got %d, want %d", c->name, got, c->want);
		if (got)
			continue;
		frame_encode(again, &f);
		assert_memory_equal(again, c->bytes, WIRE_HEADER);
	}
}

/* On which kinds a frame may come, and from whom. */
enum {
	P = 1 << OPEN_PROGRAM,
	RAW = 1 << OPEN_BYTES | 1 << OPEN_CONNECT | 1 << OPEN_EVENTS,
	ALL = P | RAW | 1 << OPEN_LISTEN,
};

struct side_case {
	uint8_t type, flags;
	unsigned opener, runner; /* kinds */
};

static const struct side_case sides[] = {
	{ WIRE_HELLO, 0, 0, 0 },
	{ WIRE_PING, 0, 0, 0 },
	{ WIRE_PONG, 0, 0, 0 },
	{ WIRE_SHUTDOWN, 0, 0, 0 },
	{ WIRE_OPEN, 0, ALL, 0 },
	{ WIRE_STARTED, 0, 0, ALL },
	{ WIRE_FAILED, 0, 0, ALL },
	{ WIRE_DATA, 0, P | RAW, 0 },
	{ WIRE_DATA, 1, 0, P | RAW },
	{ WIRE_DATA, 2, 0, P },
	{ WIRE_EOF, 0, P | RAW, 0 },
	{ WIRE_EOF, 1, 0, P | RAW },
	{ WIRE_EOF, 2, 0, P },
	{ WIRE_CLOSED, 0, 0, P | RAW },
	{ WIRE_CLOSED, 1, P | RAW, 0 },
	{ WIRE_CLOSED, 2, P, 0 },
	{ WIRE_CREDIT_ADD, 0, 0, P | RAW },
	{ WIRE_CREDIT_ADD, 1, P | RAW, 0 },
	{ WIRE_CREDIT_ADD, 2, P, 0 },
	{ WIRE_CONSUMED, 0, 0, P },
	{ WIRE_WINSZ, 0, P, 0 },
	{ WIRE_SIGNAL, 0, P, 0 },
	{ WIRE_EXIT, 0, 0, ALL },
	{ WIRE_ABORT, 0, ALL, 0 },
};

static void frames_have_a_side(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(sides); i++) {
		const struct frame f = { 0, sides[i].type, sides[i].flags, 1 };

		for (uint32_t kind = 0; kind <= OPEN_KIND_LAST + 2; kind++)
			if (frame_allowed(&f, kind, true) != (sides[i].opener >> kind & 1) ||
			    frame_allowed(&f, kind, false) != (sides[i].runner >> kind & 1))
				fail_msg("type %d flags %d on kind %u: wrong", f.type, f.flags,
					 kind);
	}
	assert_false(frame_allowed(&(struct frame){ 0, WIRE_OPEN, 0, 1 }, UINT32_MAX, true));
}

static void frame_put_and_end(void **state)
{
	static const uint8_t want[] = { 2, 0, 0, 0, WIRE_DATA, 1, 0, 0, 5, 0, 0, 0, 'h', 'i' };
	const struct frame f = { 2, WIRE_DATA, 1, 5 };
	uint8_t buf[32];
	struct writer w;

	(void)state;
	writer_init(&w, buf, sizeof(buf));
	frame_put(&w, &f, "hi");
	assert_int_equal(w.used, sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));

	assert_false(w.bad);
	for (int i = 0; i < 3; i++)
		frame_put(&w, &f, "hi");
	assert_true(w.bad);
}

static size_t open_example(uint8_t *buf, size_t size)
{
	struct writer w;

	writer_init(&w, buf, size);
	open_put_u32(&w, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_u32(&w, OPEN_TAG_FLAGS, PROGRAM_TTY | PROGRAM_DETACH);
	open_put_str(&w, OPEN_TAG_PROGRAM, "C:\\a b.exe", 10);
	open_put_str(&w, OPEN_TAG_ARG, "a b", 3);
	open_put_str(&w, OPEN_TAG_ARG, "", 0);
	open_put_str(&w, OPEN_TAG_CWD, "C:\\", 3);
	open_put_str(&w, OPEN_TAG_ENV, "X=1=2", 5);
	open_put_str(&w, OPEN_TAG_USER, "ann", 3);
	open_put_winsz(&w, 24, 80);
	open_put_u32(&w, OPEN_TAG_UID, 7);
	assert_false(w.bad);
	return w.used;
}

static void open_round(void **state)
{
	uint8_t buf[512];
	size_t len = open_example(buf, sizeof(buf)), pos = 0;
	struct open l;
	struct wire_str s;

	(void)state;
	assert_int_equal(open_decode(&l, buf, len), 0);
	assert_int_equal(l.kind, OPEN_PROGRAM);
	assert_int_equal(l.flags, PROGRAM_TTY | PROGRAM_DETACH);
	assert_string_equal(l.program.at, "C:\\a b.exe");
	assert_string_equal(l.cwd.at, "C:\\");
	assert_string_equal(l.user.at, "ann");
	assert_int_equal(l.rows, 24);
	assert_int_equal(l.cols, 80);
	assert_int_equal(l.uid, 7);
	assert_int_equal(l.argc, 2);
	assert_int_equal(l.envc, 1);
	assert_true(open_next(&l, OPEN_TAG_ARG, &pos, &s));
	assert_string_equal(s.at, "a b");
	assert_true(open_next(&l, OPEN_TAG_ARG, &pos, &s));
	assert_int_equal(s.len, 0);
	assert_false(open_next(&l, OPEN_TAG_ARG, &pos, &s));
	pos = 0;
	assert_true(open_next(&l, OPEN_TAG_ENV, &pos, &s));
	assert_string_equal(s.at, "X=1=2");
}

/* Cut between two fields after KIND it is a shorter OPEN; elsewhere it is refused. */
static void open_cut(void **state)
{
	static const size_t borders[] = { 12, 24, 43, 55, 64, 76, 90, 102, 114, 126 };
	uint8_t buf[512];
	size_t len = open_example(buf, sizeof(buf)), b = 0;
	struct open l;

	(void)state;
	assert_int_equal(len, borders[array_len(borders) - 1]);
	for (size_t cut = 0; cut <= len; cut++) {
		bool whole = cut == borders[b];

		if (open_decode(&l, buf, cut) != (whole ? 0 : -EPROTO))
			fail_msg("%zu bytes: wrong answer", cut);
		b += whole;
	}
}

struct payload_case {
	const char *name;
	const char *bytes;
	size_t len;
	int want;
};

#define BYTES(s) (s), sizeof(s) - 1

#define KIND(n) "\11\0\0\0\4\0\0\0" n "\0\0\0"
#define SERVICE "\12\0\0\0\6\0\0\0files\0"
#define ADDRESS "\13\0\0\0\7\0\0\0unix:x\0"
#define USER "\7\0\0\0\4\0\0\0ann\0"
#define UID "\10\0\0\0\4\0\0\0\1\0\0\0"
#define ARG "\3\0\0\0\1\0\0\0\0"

/* After a kind: PROGRAM. */
static const struct payload_case programs[] = {
	{ "nothing", BYTES(""), 0 },
	{ "kind twice", BYTES(KIND("\1")), -EPROTO },
	{ "a service", BYTES("\x0a\0\0\0\2\0\0\0f\0"), -EPROTO },
	{ "an address", BYTES("\x0b\0\0\0\2\0\0\0f\0"), -EPROTO },
	{ "unknown tag", BYTES("\x63\0\0\0\1\0\0\0x"), 0 },
	{ "tag 0", BYTES("\0\0\0\0\1\0\0\0x"), 0 },
	{ "reserved bits", BYTES("\x63\0\1\0\1\0\0\0x"), -EPROTO },
	{ "length past the end", BYTES("\x63\0\0\0\2\0\0\0x"), -EPROTO },
	{ "length 2^32-1", BYTES("\3\0\0\0\xff\xff\xff\xffx\0"), -EPROTO },
	{ "unknown flag", BYTES("\1\0\0\0\4\0\0\0\x80\0\0\0"), -EPROTO },
	{ "a terminal but for stdout", BYTES("\1\0\0\0\4\0\0\0\x21\0\0\0"), 0 },
	{ "a terminal but for stderr", BYTES("\1\0\0\0\4\0\0\0\x41\0\0\0"), 0 },
	{ "a terminal for stdin alone", BYTES("\1\0\0\0\4\0\0\0\x61\0\0\0"), -EPROTO },
	{ "no terminal but for stdout", BYTES("\1\0\0\0\4\0\0\0\x20\0\0\0"), -EPROTO },
	{ "flags of 3 bytes", BYTES("\1\0\0\0\3\0\0\0\1\0\0"), -EPROTO },
	{ "flags of 5 bytes", BYTES("\1\0\0\0\5\0\0\0\1\0\0\0\0"), -EPROTO },
	{ "flags twice", BYTES("\1\0\0\0\4\0\0\0\1\0\0\0\1\0\0\0\4\0\0\0\1\0\0\0"), -EPROTO },
	{ "program twice", BYTES("\2\0\0\0\2\0\0\0a\0\2\0\0\0\2\0\0\0a\0"), -EPROTO },
	{ "program without NUL", BYTES("\2\0\0\0\2\0\0\0ab"), -EPROTO },
	{ "program of no bytes", BYTES("\2\0\0\0\0\0\0\0"), -EPROTO },
	{ "argument with NUL", BYTES("\3\0\0\0\3\0\0\0a\0\0"), -EPROTO },
	{ "empty argument", BYTES("\3\0\0\0\1\0\0\0\0"), 0 },
	{ "two arguments", BYTES("\3\0\0\0\1\0\0\0\0\3\0\0\0\1\0\0\0\0"), 0 },
	{ "env without =", BYTES("\5\0\0\0\2\0\0\0A\0"), -EPROTO },
	{ "env without name", BYTES("\5\0\0\0\3\0\0\0=A\0"), -EPROTO },
	{ "empty env", BYTES("\5\0\0\0\1\0\0\0\0"), -EPROTO },
	{ "env with empty value", BYTES("\5\0\0\0\3\0\0\0A=\0"), 0 },
	{ "winsz of 2 bytes", BYTES("\6\0\0\0\2\0\0\0\1\0"), -EPROTO },
	{ "uid of 8 bytes", BYTES("\x8\0\0\0\x8\0\0\0\1\0\0\0\0\0\0\0"), -EPROTO },
};

/* Whole payloads: what each kind may say, and what it must. */
static const struct payload_case kinds[] = {
	{ "nothing", BYTES(""), -EPROTO },
	{ "no kind", BYTES(USER), -EPROTO },
	{ "kind 0", BYTES(KIND("\0")), -EPROTO },
	{ "kind of 3 bytes", BYTES("\11\0\0\0\3\0\0\0\1\0\0"), -EPROTO },
	{ "a program", BYTES(KIND("\1")), 0 },
	{ "a program, kind last", BYTES(ARG UID USER KIND("\1")), 0 },
	{ "bytes", BYTES(KIND("\2") SERVICE), 0 },
	{ "bytes of a user", BYTES(USER SERVICE UID KIND("\2")), 0 },
	{ "bytes of no service", BYTES(KIND("\2")), -EPROTO },
	{ "bytes of a service without name", BYTES(KIND("\2") "\12\0\0\0\1\0\0\0\0"), -EPROTO },
	{ "bytes of two services", BYTES(KIND("\2") SERVICE SERVICE), -EPROTO },
	{ "bytes with an argument", BYTES(KIND("\2") SERVICE ARG), -EPROTO },
	{ "bytes with an address", BYTES(KIND("\2") SERVICE ADDRESS), -EPROTO },
	{ "a connection", BYTES(KIND("\3") ADDRESS UID), 0 },
	{ "a connection to nowhere", BYTES(KIND("\3")), -EPROTO },
	{ "a connection of a user", BYTES(KIND("\3") ADDRESS USER), -EPROTO },
	{ "a listener", BYTES(KIND("\4") ADDRESS), 0 },
	{ "a listener nowhere", BYTES(KIND("\4")), -EPROTO },
	{ "events", BYTES(KIND("\5") UID), 0 },
	{ "events of a service", BYTES(KIND("\5") SERVICE), -EPROTO },
	{ "a kind from the future", BYTES(KIND("\6") SERVICE ADDRESS ARG), 0 },
	{ "the same, malformed", BYTES(KIND("\6") "\12\0\0\0\1\0\0\0x"), -EPROTO },
};

static void check_open(const char *name, const void *bytes, size_t len, int want)
{
	struct open l;
	int got = open_decode(&l, bytes, len);

	if (got != want)
		fail_msg("%s: got %d, want %d", name, got, want);
}

static void open_odd(void **state)
{
	uint8_t buf[256];

	(void)state;
	for (size_t i = 0; i < array_len(kinds); i++)
		check_open(kinds[i].name, kinds[i].bytes, kinds[i].len, kinds[i].want);
	for (size_t i = 0; i < array_len(programs); i++) {
		memcpy(buf, KIND("\1"), 12);
		memcpy(buf + 12, programs[i].bytes, programs[i].len);
		check_open(programs[i].name, buf, 12 + programs[i].len, programs[i].want);
	}
}

static void open_names(void **state)
{
	char name[WIRE_NAME_MAX + 2];
	uint8_t buf[512];
	struct writer w;
	struct open l;

	(void)state;
	memset(name, 'a', sizeof(name));
	for (size_t len = WIRE_NAME_MAX; len <= WIRE_NAME_MAX + 1; len++) {
		writer_init(&w, buf, sizeof(buf));
		open_put_u32(&w, OPEN_TAG_KIND, OPEN_BYTES);
		open_put_str(&w, OPEN_TAG_SERVICE, name, len);
		assert_int_equal(open_decode(&l, buf, w.used), len > WIRE_NAME_MAX ? -EPROTO : 0);
	}
	assert_true(open_is_raw(OPEN_BYTES) && open_is_raw(OPEN_CONNECT) &&
		    open_is_raw(OPEN_EVENTS));
	assert_false(open_is_raw(OPEN_PROGRAM) || open_is_raw(OPEN_LISTEN) || open_is_raw(0));
}

static void open_limits(void **state)
{
	static uint8_t buf[WIRE_OPEN_MAX];
	static char text[WIRE_STRING_MAX];
	struct writer w;
	struct open l;

	(void)state;
	memset(text, 'a', sizeof(text));
	writer_init(&w, buf, sizeof(buf));
	open_put_u32(&w, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_str(&w, OPEN_TAG_ARG, text, sizeof(text) - 1);
	assert_int_equal(open_decode(&l, buf, w.used), 0);
	open_put_str(&w, OPEN_TAG_ARG, text, sizeof(text));
	assert_int_equal(open_decode(&l, buf, w.used), -EPROTO);

	writer_init(&w, buf, sizeof(buf));
	open_put_u32(&w, OPEN_TAG_KIND, OPEN_PROGRAM);
	for (int i = 0; i < WIRE_OPEN_STRINGS; i++)
		open_put_str(&w, i % 2 ? OPEN_TAG_ARG : OPEN_TAG_ENV, "a=b", 3);
	assert_int_equal(open_decode(&l, buf, w.used), 0);
	open_put_str(&w, OPEN_TAG_ARG, "", 0);
	assert_int_equal(open_decode(&l, buf, w.used), -EPROTO);
}

static void open_uid_is_replaced(void **state)
{
	uint8_t buf[512];
	size_t len = open_example(buf, sizeof(buf));
	struct open l;

	(void)state;
	assert_int_equal(open_set_uid(buf, len, 1000), len);
	assert_int_equal(open_decode(&l, buf, len), 0);
	assert_int_equal(l.uid, 1000);
	assert_string_equal(l.user.at, "ann");

	/* two UID fields, one of them first */
	len = open_example(buf + 12, sizeof(buf) - 12) + 12;
	memcpy(buf, buf + len - 12, 12);
	assert_int_equal(open_set_uid(buf, len, 5), len - 12);
	assert_int_equal(open_decode(&l, buf, len - 12), 0);
	assert_int_equal(l.uid, 5);
	assert_int_equal(l.argc, 2);
	assert_int_equal(open_set_uid(buf, 0, 5), OPEN_UID_FIELD);
}

static const struct payload_case failures[] = {
	{ "right", BYTES("\x7f\0\0\0\2\0\0\0why\0"), 0 },
	{ "no text", BYTES("\x7d\0\0\0\0\0\0\0\0"), 0 },
	{ "code 124", BYTES("\x7c\0\0\0\0\0\0\0\0"), -EPROTO },
	{ "code 128", BYTES("\x80\0\0\0\0\0\0\0\0"), -EPROTO },
	{ "no NUL", BYTES("\x7d\0\0\0\0\0\0\0why"), -EPROTO },
	{ "NUL inside", BYTES("\x7d\0\0\0\0\0\0\0w\0y\0"), -EPROTO },
	{ "escape sequence", BYTES("\x7d\0\0\0\0\0\0\0\033[2J\0"), -EPROTO },
	{ "two lines", BYTES("\x7d\0\0\0\0\0\0\0a\nb\0"), -EPROTO },
	{ "UTF-8", BYTES("\x7d\0\0\0\0\0\0\0\xc3\xa4\0"), 0 },
};

static void failed_table(void **state)
{
	struct failed f;

	(void)state;
	for (size_t i = 0; i < array_len(failures); i++) {
		int got = failed_decode(&f, failures[i].bytes, failures[i].len);

		if (got != failures[i].want)
			fail_msg("%s: got %d", failures[i].name, got);
	}
	for (size_t len = 0; len < failures[0].len; len++)
		assert_int_equal(failed_decode(&f, failures[0].bytes, len), -EPROTO);
}

static void failed_round(void **state)
{
	static char text[4096];
	uint8_t buf[2048];
	struct failed f;
	struct writer w;

	(void)state;
	writer_init(&w, buf, sizeof(buf));
	failed_encode(&w, WIRE_FAIL_NOT_RUN, 5, "no\tway");
	assert_int_equal(failed_decode(&f, buf, w.used), 0);
	assert_int_equal(f.code, 126);
	assert_int_equal(f.os_error, 5);
	assert_string_equal(f.text.at, "no?way");
	writer_init(&w, buf, sizeof(buf));
	failed_encode(&w, WIRE_FAIL_NOT_RUN, 5,
		      "n\xc3\xb3 \xc2\x9b"
		      "31m \x9b"
		      "31m");
	assert_int_equal(failed_decode(&f, buf, w.used), 0);
	assert_string_equal(f.text.at, "n\xc3\xb3 ?31m ?31m");

	memset(text, 'a', sizeof(text) - 1);
	writer_init(&w, buf, sizeof(buf));
	failed_encode(&w, WIRE_FAIL_BRIDGE, 0, text);
	assert_int_equal(w.used, WIRE_FAILED_MAX);
	assert_int_equal(failed_decode(&f, buf, w.used), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_decode),
		cmocka_unit_test(frames_have_a_side),
		cmocka_unit_test(frame_put_and_end),
		cmocka_unit_test(open_round),
		cmocka_unit_test(open_names),
		cmocka_unit_test(open_cut),
		cmocka_unit_test(open_odd),
		cmocka_unit_test(open_limits),
		cmocka_unit_test(open_uid_is_replaced),
		cmocka_unit_test(failed_table),
		cmocka_unit_test(failed_round),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
