/* test_walk.c: walks of every length that end at every place, and listings
 * with every count. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/test/fixture.h"

enum { FROM = 1, TO };

static uint64_t path_of(struct client *c, uint32_t fid)
{
	struct p9_msg r;

	want(c_getattr(c, fid, &r), 0);
	return r.qid.path;
}

/* ---- walking ---- */

/* x/x/x..., as deep as a walk can go. */
static void make_deep(struct client *c)
{
	want(c_walk(c, ROOT, FROM, ""), 0);
	for (int i = 0; i < P9_NAMES_MAX; i++) {
		want(c_mkdir(c, FROM, "x", 0755), 0);
		want(c_walk(c, FROM, FROM, "x"), 0);
	}
	want(c_clunk(c, FROM), 0);
}

/* `count` names, of which the one at `bad` (if any) leads nowhere. */
static struct p9_msg walk_msg(uint32_t newfid, unsigned count, unsigned bad)
{
	struct p9_msg t = { .type = P9_TWALK, .fid = FROM, .newfid = newfid };

	for (t.name_count = 0; t.name_count < count; t.name_count++)
		t.names[t.name_count] = str_of(t.name_count == bad ? "no" : "x");
	return t;
}

/* A walk that ends early says how far it came, makes no fid, moves none. */
static void walk_until(struct client *c, uint32_t newfid, unsigned count, unsigned bad)
{
	struct p9_msg r, t = walk_msg(newfid, count, bad);
	uint64_t before = path_of(c, FROM);
	int err = client_call(c, &t, &r);

	if (bad == 0)
		want(err, ENOENT);
	else
		want(err ? -1 : r.qid_count, bad);
	want(path_of(c, FROM), before);
	want(c_clunk(c, TO), EBADF);
}

static void walk_whole(struct client *c, unsigned count)
{
	struct p9_msg r, t = walk_msg(TO, count, count);

	want(client_call(c, &t, &r), 0);
	want(r.qid_count, count);
	if (count)
		want(path_of(c, TO), r.qids[count - 1].path);
	else
		want(path_of(c, TO), path_of(c, FROM));
	want(c_clunk(c, TO), 0);
	t = walk_msg(FROM, count, count); /* and onto itself */
	want(client_call(c, &t, &r), 0);
	if (count)
		want(path_of(c, FROM), r.qids[count - 1].path);
	want(c_walk(c, ROOT, FROM + 10, ""), 0);
	want(c_clunk(c, FROM), 0);
	want(c_walk(c, FROM + 10, FROM, ""), 0);
	want(c_clunk(c, FROM + 10), 0);
}

static void test_every_length(void **state)
{
	struct fixture *f = *state;
	unsigned tried = 0;

	make_deep(&f->c);
	want(c_walk(&f->c, ROOT, FROM, ""), 0);
	for (unsigned count = 0; count <= P9_NAMES_MAX; count++) {
		walk_whole(&f->c, count);
		for (unsigned bad = 0; bad < count; bad++, tried += 2) {
			walk_until(&f->c, TO, count, bad);
			walk_until(&f->c, FROM, count, bad);
		}
	}
	print_message("%u walks ended early\n", tried);
}

/* More than 16 names are refused, however many are there. */
static void test_too_many_names(void **state)
{
	static const unsigned counts[] = { 17, 18, 255, 1000, 65535 };
	struct fixture *f = *state;
	struct p9_msg r;

	for (size_t i = 0; i < array_len(counts); i++) {
		uint8_t buf[17 + 1000 * 3];
		unsigned sent = counts[i] < 1000 ? counts[i] : 1000;
		struct writer w;

		writer_init(&w, buf, sizeof(buf));
		write_u32(&w, 17 + 3 * sent);
		write_u8(&w, P9_TWALK);
		write_u16(&w, 1);
		write_u32(&w, ROOT);
		write_u32(&w, TO);
		write_u16(&w, (uint16_t)counts[i]);
		for (unsigned k = 0; k < sent; k++) {
			write_u16(&w, 1);
			write_bytes(&w, ".", 1);
		}
		client_send_raw(&f->c, buf, w.used);
		assert_true(client_receive(&f->c, &r));
		want(r.error, EINVAL);
		want(c_clunk(&f->c, TO), EBADF);
	}
}

/* ".." ends at the top, whatever is between. */
static void test_dots(void **state)
{
	static const struct {
		const char *path, *same;
	} cases[] = {
		{ "..", "" },
		{ "../..", "" },
		{ "../../d", "d" },
		{ "d/..", "" },
		{ "d/e/..", "d" },
		{ "d/e/../..", "" },
		{ "d/../../../d", "d" },
		{ "./d/./e/.", "d/e" },
		{ "d/e/../../../../..", "" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < array_len(cases); i++) {
		want(c_walk(&f->c, ROOT, FROM, cases[i].path), 0);
		want(c_walk(&f->c, ROOT, TO, cases[i].same), 0);
		if (path_of(&f->c, FROM) != path_of(&f->c, TO))
			fail_msg("%s is not /%s", cases[i].path, cases[i].same);
		want(c_clunk(&f->c, FROM), 0);
		want(c_clunk(&f->c, TO), 0);
	}
}

/* ---- listing ---- */

struct seen {
	unsigned entries, long_ones, dots, replies;
};

/* Lists it all with this count; false when one entry did not fit. */
static bool list_all(struct client *c, uint8_t type, uint32_t count, struct seen *seen)
{
	struct p9_msg r, t = { .type = type, .fid = FROM, .count = count };
	struct p9_dirent entry;
	struct reader reader;

	*seen = (struct seen){ 0 };
	for (;;) {
		int err = client_call(c, &t, &r);

		if (err) {
			want(err, EINVAL);
			return false;
		}
		assert_in_range(r.count, 0, count);
		if (r.count == 0)
			return true;
		seen->replies++;
		reader_init(&reader, r.data, r.count);
		while (p9_dirent_get(&reader, &entry, type == P9_TWREADDIR)) {
			seen->entries++;
			seen->long_ones += entry.name.len == P9_NAME_MAX;
			seen->dots += entry.name.at[0] == '.';
			t.offset = entry.offset;
		}
		assert_false(reader.bad);
	}
}

/* Never nothing because an entry did not fit, never more than was asked for;
 * what fits is complete, at any count. */
static void test_every_count(void **state)
{
	enum { FILES = 30 };
	struct fixture *f = *state;
	char name[P9_NAME_MAX + 1] = { 0 };
	struct seen seen;

	want(c_version(&f->c, "9P2000.W", 65536), 0);
	want(c_attach(&f->c, ROOT, geteuid()), 0);
	memset(name, 'n', P9_NAME_MAX);
	want(mkdir("list", 0755), 0);
	want(chdir("list"), 0);
	want(file_create(name, "", 0644), 0);
	for (int i = 1; i < FILES; i++) {
		snprintf(name, sizeof(name), "%0*d", i * 8, i);
		want(file_create(name, "", 0644), 0);
	}
	want(chdir(".."), 0);
	want(c_walk(&f->c, ROOT, FROM, "list"), 0);
	want(c_open(&f->c, FROM, P9_O_RDONLY), 0);
	for (int with_attr = 0; with_attr < 2; with_attr++) {
		uint8_t type = with_attr ? P9_TWREADDIR : P9_TREADDIR;
		uint32_t largest =
			P9_DIRENT_HEADER + P9_NAME_MAX + (with_attr ? P9_DIRENT_ATTR : 0);

		for (uint32_t count = 0; count < 2 * largest; count++) {
			bool all = list_all(&f->c, type, count, &seen);

			want(all, count >= largest);
			want(all ? seen.entries : FILES + 2, FILES + 2);
			want(all ? seen.long_ones : 1, 1);
			want(all ? seen.dots : 2, 2);
		}
		assert_true(list_all(&f->c, type, UINT32_MAX, &seen));
		want(seen.replies, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		session_test(test_every_length),
		session_test(test_too_many_names),
		session_test(test_dots),
		session_test(test_every_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
