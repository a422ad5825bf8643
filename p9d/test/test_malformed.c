/* test_malformed.c: every request in both dialects, cut at every byte, with a
 * byte too many, with a string or a size that lies: answered or closed, and
 * nothing is changed by it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/lib.h"
#include "p9d/test/fixture.h"

enum { TAG = 7, LONGEST = 256 };

static const char *const dialects[] = { "9P2000.L", "9P2000.W" };

/* A request that would change something if it were carried out. */
static struct p9_msg sample(uint8_t type)
{
	return (struct p9_msg){
		.type = type,
		.tag = TAG,
		.newfid = 1,
		.name = str_of("made"),
		.target = str_of("f"),
		.name_count = 2,
		.names = { str_of("d"), str_of("e") },
		.count = 4,
		.data = (const uint8_t *)"data",
		.mask = P9_SET_MODE,
	};
}

static bool is_request(unsigned type)
{
	return type % 2 == 0 && p9_type_name((uint8_t)type);
}

static void greet(struct client *c, const char *dialect)
{
	want(c_version(c, dialect, 8192), 0);
	want(c_attach(c, ROOT, geteuid()), 0);
}

static void put_size(uint8_t *buf, int size)
{
	struct writer w;

	writer_init(&w, buf, 4);
	write_u32(&w, (uint32_t)size);
}

static void want_refused(struct client *c, const char *what, const uint8_t *buf, int len)
{
	struct p9_msg r;

	client_send_raw(c, buf, (size_t)len);
	if (!client_receive(c, &r))
		fail_msg("%s %s: closed", p9_type_name(buf[4]), what);
	if (r.type != P9_RLERROR || r.error != EPROTO || r.tag != TAG)
		fail_msg("%s %s: type %u error %u tag %u", p9_type_name(buf[4]), what, r.type,
			 r.error, r.tag);
}

/* What the samples would have made, moved or opened. */
static void want_nothing_changed(struct client *c)
{
	struct p9_msg r;
	struct stat st;

	want(access("made", F_OK), -1);
	want(stat("f", &st), 0);
	want(st.st_size, 5);
	want(st.st_mode & 07777, 0644);
	want(st.st_nlink, 1);
	want(c_getattr(c, ROOT, &r), 0);
	want(c_clunk(c, 1), EBADF);
}

static unsigned cut_everywhere(struct client *c, const struct p9_msg *t)
{
	uint8_t buf[LONGEST];
	int len = p9_encode(t, buf, sizeof(buf));
	unsigned sent = 0;

	for (int cut = P9_HEADER; cut < len; cut++) {
		if (t->type == P9_TFSYNC && cut == P9_HEADER + 4)
			continue; /* old clients end there */
		put_size(buf, cut);
		want_refused(c, "cut", buf, cut);
		sent++;
	}
	return sent;
}

static void test_cut_at_every_byte(void **state)
{
	struct fixture *f = *state;
	unsigned sent = 0;

	for (size_t d = 0; d < array_len(dialects); d++) {
		client_close(&f->c); /* only so many errors are forgiven */
		client_serve(&f->c, f->dir);
		for (unsigned type = 0; type < P9_TYPE_COUNT; type++) {
			struct p9_msg t = sample((uint8_t)type);

			if (!is_request(type))
				continue;
			greet(&f->c, dialects[d]);
			sent += cut_everywhere(&f->c, &t);
			want_nothing_changed(&f->c);
		}
	}
	print_message("%u messages cut\n", sent);
	assert_true(sent > 1000);
}

static void test_bytes_left_over(void **state)
{
	struct fixture *f = *state;

	for (size_t d = 0; d < array_len(dialects); d++)
		for (unsigned type = 0; type < P9_TYPE_COUNT; type++) {
			struct p9_msg t = sample((uint8_t)type);
			uint8_t buf[LONGEST] = { 0 };
			int len;

			if (!is_request(type))
				continue;
			len = p9_encode(&t, buf, sizeof(buf));
			greet(&f->c, dialects[d]);
			for (int more = 1; more < 4; more++) {
				put_size(buf, len + more);
				want_refused(&f->c, "too long", buf, len + more);
			}
			want_nothing_changed(&f->c);
		}
}

/* Where in an encoded sample its strings' and counts' lengths are. */
static unsigned find_lengths(const uint8_t *buf, int len, int at[8])
{
	static const struct {
		const char *text;
		uint16_t len;
	} texts[] = { { "\4\0made", 6 },
		      { "\1\0f", 3 },
		      { "\1\0d", 3 },
		      { "\1\0e", 3 },
		      { "\4\0\0\0data", 8 } };
	unsigned found = 0;

	for (size_t i = 0; i < array_len(texts); i++) {
		const uint8_t *hit = memmem(buf + P9_HEADER, (size_t)(len - P9_HEADER),
					    texts[i].text, texts[i].len);

		if (hit)
			at[found++] = (int)(hit - buf);
	}
	return found;
}

static unsigned lie_about_lengths(struct client *c, const struct p9_msg *t)
{
	static const struct {
		uint8_t low, high;
	} lies[] = { { 1, 0 }, { 0xff, 0 }, { 0, 0x80 }, { 0xff, 0xff } };
	uint8_t buf[LONGEST];
	int at[8], len = p9_encode(t, buf, sizeof(buf));
	unsigned n = find_lengths(buf, len, at);

	for (unsigned i = 0; i < n; i++)
		for (size_t k = 0; k < array_len(lies); k++) {
			uint8_t bad[LONGEST];

			memcpy(bad, buf, (size_t)len);
			bad[at[i]] = (uint8_t)(bad[at[i]] + lies[k].low);
			bad[at[i] + 1] = (uint8_t)(bad[at[i] + 1] + lies[k].high);
			want_refused(c, "lies about a length", bad, len);
		}
	return n;
}

static void test_strings_beyond_the_end(void **state)
{
	struct fixture *f = *state;
	unsigned lied = 0;

	for (size_t d = 0; d < array_len(dialects); d++)
		for (unsigned type = 0; type < P9_TYPE_COUNT; type++) {
			struct p9_msg t = sample((uint8_t)type);

			if (!is_request(type))
				continue;
			greet(&f->c, dialects[d]);
			lied += lie_about_lengths(&f->c, &t);
			want_nothing_changed(&f->c);
		}
	assert_true(lied >= 2 * 20);
}

/* One more or less than the message has: it is not understood, and neither is
 * what follows; the server goes on to the next connection. */
static void size_is_off(const char *dir, uint8_t type, int by)
{
	struct p9_msg t = sample(type), r;
	uint8_t buf[LONGEST + 8] = { 0 };
	int len = p9_encode(&t, buf, LONGEST);
	struct client c;

	client_serve(&c, dir);
	greet(&c, "9P2000.W");
	put_size(buf, len + by);
	client_send_raw(&c, buf, (size_t)len);
	if (by > 0) {
		assert_false(client_has_reply(&c, 0)); /* it is not all there yet */
		client_send_raw(&c, "", 1);
	}
	assert_true(client_receive(&c, &r));
	if (r.type != P9_RLERROR || r.error != EPROTO)
		fail_msg("%s size %+d: type %u error %u", p9_type_name(type), by, r.type, r.error);
	client_close(&c);
}

static void test_size_off_by_one(void **state)
{
	struct fixture *f = *state;

	for (unsigned type = 0; type < P9_TYPE_COUNT; type++) {
		if (!is_request(type))
			continue;
		size_is_off(f->dir, (uint8_t)type, 1);
		if (type != P9_TWWATCH) /* a header alone: one less is no message */
			size_is_off(f->dir, (uint8_t)type, -1);
	}
	want_nothing_changed(&f->c);
}

/* Numbers that are no request: of replies, of plain 9P, of nobody. */
static void test_types_that_are_none(void **state)
{
	struct fixture *f = *state;
	unsigned none = 0;

	for (size_t d = 0; d < array_len(dialects); d++) {
		greet(&f->c, dialects[d]);
		for (unsigned type = 0; type < 256; type++) {
			struct p9_msg t = sample((uint8_t)type), r;
			uint8_t buf[LONGEST] = { P9_HEADER, 0, 0, 0, (uint8_t)type, TAG, 0 };
			int len = P9_HEADER;

			if (is_request(type))
				continue;
			if (p9_type_name((uint8_t)type))
				len = p9_encode(&t, buf, sizeof(buf));
			client_send_raw(&f->c, buf, (size_t)len);
			assert_true(client_receive(&f->c, &r));
			if (r.type != P9_RLERROR || r.error != EOPNOTSUPP || r.tag != TAG)
				fail_msg("type %u: %u, %u", type, r.type, r.error);
			none++;
		}
		want_nothing_changed(&f->c);
	}
	want(none, 2 * (256 - 35));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		session_test(test_cut_at_every_byte),      session_test(test_bytes_left_over),
		session_test(test_strings_beyond_the_end), session_test(test_size_off_by_one),
		session_test(test_types_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
