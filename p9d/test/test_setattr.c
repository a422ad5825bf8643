/* test_setattr.c: Tsetattr and Tgetattr bit by bit, and attributes set piece by piece:
 * what is changed, and that nothing else is. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/test/fixture.h"

#define NS 123456789

static const char *const dialects[] = { "9P2000.L", "9P2000.W" };

static void greet(struct client *c, const char *dialect)
{
	want(c_version(c, dialect, 8192), 0);
	want(c_attach(c, ROOT, geteuid()), 0);
	want(c_walk(c, ROOT, 1, "f"), 0);
}

static int set(struct client *c, uint32_t valid, const struct p9_attr *attr)
{
	struct p9_msg r, t = { .type = P9_TSETATTR, .fid = 1, .mask = valid, .attr = *attr };

	return client_call(c, &t, &r);
}

/* Old times, that anything can be told from. */
static struct stat make_old(void)
{
	static const struct timespec old[2] = { { 1000000000, 1 }, { 1000000000, 2 } };
	struct stat st;

	want(utimensat(AT_FDCWD, "f", old, 0), 0);
	want(chmod("f", 0644), 0);
	want(stat("f", &st), 0);
	return st;
}

static bool is_now(struct timespec ts)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return ts.tv_sec <= now.tv_sec && ts.tv_sec > now.tv_sec - 60;
}

enum { KEPT, GIVEN, NOW };

static int what_became(struct timespec ts, struct timespec before, struct p9_time given)
{
	if (ts.tv_sec == before.tv_sec && ts.tv_nsec == before.tv_nsec)
		return KEPT;
	if ((uint64_t)ts.tv_sec == given.sec && (uint64_t)ts.tv_nsec == given.nsec)
		return GIVEN;
	return is_now(ts) ? NOW : -1;
}

/* Every combination of bits that an owner may set. */
static void test_every_bit(void **state)
{
	static const struct p9_attr attr = { .mode = S_IFREG | 0751,
					     .size = 3,
					     .atime = { 1500000000, NS },
					     .mtime = { 1600000000, NS + 1 } };
	struct fixture *f = *state;
	unsigned tried = 0;

	for (size_t d = 0; d < array_len(dialects); d++) {
		greet(&f->c, dialects[d]);
		for (uint32_t valid = 0; valid <= P9_SET_ALL; valid++) {
			struct stat before, st;
			int atime, mtime;

			if (valid & (P9_SET_UID | P9_SET_GID))
				continue;
			want(truncate("f", 5), 0);
			before = make_old();
			want(set(&f->c, valid, &attr), 0);
			want(stat("f", &st), 0);
			want(st.st_size, valid & P9_SET_SIZE ? 3 : 5);
			want(st.st_mode & 07777, valid & P9_SET_MODE ? 0751 : 0644);
			atime = what_became(st.st_atim, before.st_atim, attr.atime);
			mtime = what_became(st.st_mtim, before.st_mtim, attr.mtime);
			want(atime, !(valid & P9_SET_ATIME)    ? KEPT
				    : valid & P9_SET_ATIME_SET ? GIVEN
							       : NOW);
			if (valid & P9_SET_MTIME)
				want(mtime, valid & P9_SET_MTIME_SET ? GIVEN : NOW);
			else
				want(mtime, valid & P9_SET_SIZE ? NOW : KEPT);
			want(st.st_uid, before.st_uid);
			tried++;
		}
	}
	print_message("%u combinations set\n", tried);
}

/* Times go there and back to the nanosecond, wherever they lie. */
static void test_times(void **state)
{
	static const struct p9_time times[] = {
		{ 0, 0 },
		{ 0, 1 },
		{ 1, 999999999 },
		{ 1700000000, NS },
		{ 2147483647, 999999999 },
		{ 2147483648, 1 },
		{ 4294967296, 2 },
		{ 10000000000, 3 },
	};
	struct fixture *f = *state;

	for (size_t d = 0; d < array_len(dialects); d++) {
		greet(&f->c, dialects[d]);
		for (size_t i = 0; i < array_len(times); i++) {
			struct p9_attr attr = { .atime = times[i],
						.mtime = times[array_len(times) - 1 - i] };
			struct p9_msg r;
			struct stat st;

			want(set(&f->c,
				 P9_SET_ATIME | P9_SET_ATIME_SET | P9_SET_MTIME | P9_SET_MTIME_SET,
				 &attr),
			     0);
			want(c_getattr(&f->c, 1, &r), 0);
			want(r.attr.atime.sec, attr.atime.sec);
			want(r.attr.atime.nsec, attr.atime.nsec);
			want(r.attr.mtime.sec, attr.mtime.sec);
			want(r.attr.mtime.nsec, attr.mtime.nsec);
			want(stat("f", &st), 0);
			want(st.st_mtim.tv_sec, attr.mtime.sec);
			want(st.st_mtim.tv_nsec, attr.mtime.nsec);
			want(r.attr.ctime.sec, st.st_ctim.tv_sec);
			want(r.attr.ctime.nsec, st.st_ctim.tv_nsec);
		}
	}
}

/* chown takes set-id bits away, a mode in the same message gives them back. */
static void test_owner_and_mode(void **state)
{
	struct fixture *f = *state;
	struct p9_attr attr = { .uid = 4242, .gid = 4243, .mode = 06755 };
	struct stat st;

	if (geteuid() != 0) {
		print_message("skipped: only root gives files away\n");
		skip();
	}
	greet(&f->c, "9P2000.L");
	want(set(&f->c, P9_SET_UID | P9_SET_GID | P9_SET_MODE, &attr), 0);
	want(stat("f", &st), 0);
	want(st.st_uid, 4242);
	want(st.st_gid, 4243);
	want(st.st_mode & 07777, 06755);
	attr.uid = 4244;
	want(set(&f->c, P9_SET_UID, &attr), 0);
	want(stat("f", &st), 0);
	want(st.st_uid, 4244);
	want(st.st_gid, 4243);
	want(st.st_mode & 07777, 0755);
	attr.gid = 4245;
	want(set(&f->c, P9_SET_GID, &attr), 0);
	want(stat("f", &st), 0);
	want(st.st_uid, 4244);
	want(st.st_gid, 4245);
}

/* By the descriptor where the fid is open, by the file's mode where not. */
static void test_size_by_open_fids(void **state)
{
	static const struct {
		int open; /* flags, or -1 */
		mode_t mode;
	} cases[] = { { -1, 0644 },
		      { P9_O_RDONLY, 0644 },
		      { P9_O_WRONLY, 0644 },
		      { P9_O_RDWR, 0644 },
		      { P9_O_RDWR, 0444 } };
	struct fixture *f = *state;
	struct p9_attr attr = { .size = 1 };
	struct stat st;

	for (size_t i = 0; i < array_len(cases); i++) {
		want(truncate("f", 5), 0);
		greet(&f->c, "9P2000.L");
		if (cases[i].open >= 0)
			want(c_open(&f->c, 1, (uint32_t)cases[i].open), 0);
		want(chmod("f", cases[i].mode), 0);
		want(set(&f->c, P9_SET_SIZE, &attr), 0);
		want(stat("f", &st), 0);
		want(st.st_size, 1);
		want(chmod("f", 0644), 0);
	}
}

static void test_getattr_bits(void **state)
{
	static const struct {
		uint64_t mask, valid;
	} cases[] = {
		{ 0, P9_ATTR_BASIC },
		{ 1, P9_ATTR_BASIC },
		{ P9_ATTR_BASIC, P9_ATTR_BASIC },
		{ P9_ATTR_BTIME, P9_ATTR_BASIC | P9_ATTR_BTIME },
		{ 0x1000, P9_ATTR_BASIC }, /* generation: not known */
		{ 0x2000, P9_ATTR_BASIC }, /* data version: neither */
		{ UINT64_MAX, P9_ATTR_BASIC | P9_ATTR_BTIME },
	};
	struct fixture *f = *state;

	greet(&f->c, "9P2000.L");
	for (size_t i = 0; i < array_len(cases); i++) {
		struct p9_msg r, t = { .type = P9_TGETATTR, .fid = 1, .mask = cases[i].mask };

		want(client_call(&f->c, &t, &r), 0);
		want(r.mask, cases[i].valid);
		want(r.attr.mode, S_IFREG | 0644);
		want(r.attr.size, 5);
		want(r.attr.nlink, 1);
		want(r.attr.uid, geteuid());
		want(r.attr.gen, 0);
		want(r.attr.data_version, 0);
		want(r.attr.btime.sec > 0, (r.mask & P9_ATTR_BTIME) != 0);
		assert_true(r.attr.blksize > 0);
	}
}

/* ---- extended attributes ---- */

static int xattr_create(struct client *c, uint32_t fid, uint64_t size, uint32_t flags)
{
	struct p9_msg r, t = { .type = P9_TXATTRCREATE,
			       .fid = fid,
			       .name = str_of("user.x"),
			       .length = size,
			       .flags = flags };

	want(c_walk(c, ROOT, fid, "f"), 0);
	return client_call(c, &t, &r);
}

/* What is written, in pieces, and what comes of it. */
static void test_xattr_writes(void **state)
{
	static const struct {
		uint64_t size;
		struct {
			uint64_t at;
			const char *text;
			int error;
		} writes[3];
		int error;
		const char *value;
	} cases[] = {
		{ 4, { { 0, "abcd", 0 } }, 0, "abcd" },
		{ 4, { { 0, "ab", 0 }, { 2, "cd", 0 } }, 0, "abcd" },
		{ 4, { { 0, "a", 0 }, { 1, "b", 0 }, { 2, "cd", 0 } }, 0, "abcd" },
		{ 4, { { 0, "abcd", 0 }, { 0, "xy", 0 } }, 0, "xycd" }, /* once more */
		{ 4, { { 0, NULL, 0 } }, EINVAL, NULL },
		{ 4, { { 0, "abc", 0 } }, EINVAL, NULL },
		{ 4, { { 0, "ab", 0 }, { 0, "ab", 0 } }, EINVAL, NULL }, /* the rest is missing */
		{ 4, { { 0, "ab", 0 }, { 1, "bc", 0 } }, EINVAL, NULL },
		{ 4, { { 2, "cd", EINVAL }, { 0, "ab", 0 } }, EINVAL, NULL }, /* a gap */
		{ 4, { { 0, "abcde", ENOSPC } }, EINVAL, NULL },
		{ 4, { { 0, "abcd", 0 }, { 4, "e", ENOSPC } }, 0, "abcd" },
		{ 4, { { 0, "abcd", 0 }, { 1ull << 63, "e", ENOSPC } }, 0, "abcd" },
		{ 4, { { 0, "abcd", 0 }, { UINT64_MAX, "e", ENOSPC } }, 0, "abcd" },
		{ 0, { { 0, "a", ENOSPC } }, 0, "" },
		{ 0, { { 0, NULL, 0 } }, 0, "" },
	};
	struct fixture *f = *state;
	struct client *c = &f->c;

	if (setxattr("f", "user.x", "x", 1, 0) < 0)
		skip(); /* the file system has none */
	for (size_t i = 0; i < array_len(cases); i++) {
		const char *value = cases[i].value;
		char got[16];
		int err;

		removexattr("f", "user.x");
		want(xattr_create(c, 2, cases[i].size, 0), 0);
		for (size_t k = 0; k < 3 && cases[i].writes[k].text; k++) {
			const char *text = cases[i].writes[k].text;
			long n = c_write(c, 2, cases[i].writes[k].at, text, (uint32_t)strlen(text));
			long hope = cases[i].writes[k].error ? -cases[i].writes[k].error
							     : (long)strlen(text);

			if (n != hope)
				fail_msg("case %zu, write %zu: %ld, want %ld", i, k, n, hope);
		}
		want(getxattr("f", "user.x", got, sizeof(got)), -1); /* not before the clunk */
		err = c_clunk(c, 2);
		if (err != cases[i].error)
			fail_msg("case %zu: clunk %d, want %d", i, err, cases[i].error);
		want(getxattr("f", "user.x", got, sizeof(got)), value ? (long)strlen(value) : -1);
		if (value)
			assert_memory_equal(got, value, strlen(value));
	}
}

static void test_xattr_flags(void **state)
{
	static const struct {
		unsigned there; /* beforehand */
		uint32_t size;
		uint32_t flags;
		int error;
		int after; /* its size then, or -1 */
	} cases[] = {
		{ 0, 1, XATTR_CREATE, 0, 1 },
		{ 1, 1, XATTR_CREATE, EEXIST, 5 },
		{ 0, 1, XATTR_REPLACE, ENODATA, -1 },
		{ 1, 1, XATTR_REPLACE, 0, 1 },
		{ 1, 0, XATTR_REPLACE, 0, -1 }, /* removes */
		{ 0, 0, XATTR_REPLACE, ENODATA, -1 },
		{ 1, 0, 0, 0, 0 }, /* sets it empty */
		{ 1, 0, XATTR_CREATE, EEXIST, 5 },
		{ 0, 1, XATTR_CREATE | XATTR_REPLACE, ENODATA, -1 },
	};
	struct fixture *f = *state;

	if (setxattr("f", "user.x", "x", 1, 0) < 0)
		skip(); /* the file system has none */
	for (size_t i = 0; i < array_len(cases); i++) {
		char got[16];
		int err;

		removexattr("f", "user.x");
		if (cases[i].there)
			want(setxattr("f", "user.x", "value", 5, 0), 0);
		want(xattr_create(&f->c, 2, cases[i].size, cases[i].flags), 0);
		if (cases[i].size)
			want(c_write(&f->c, 2, 0, "x", 1), 1);
		err = c_clunk(&f->c, 2);
		if (err != cases[i].error)
			fail_msg("case %zu: clunk %d, want %d", i, err, cases[i].error);
		want(c_clunk(&f->c, 2), EBADF); /* gone in any case */
		want(getxattr("f", "user.x", got, sizeof(got)), cases[i].after);
	}
}

/* What was there at Txattrwalk is read, whatever is done to it meanwhile. */
static void test_xattr_snapshot(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r,
		t = { .type = P9_TXATTRWALK, .fid = 1, .newfid = 2, .name = str_of("user.x") };
	char got[16];

	if (setxattr("f", "user.x", "value", 5, 0) < 0)
		skip(); /* the file system has none */
	greet(&f->c, "9P2000.L");
	want(client_call(&f->c, &t, &r), 0);
	want(r.length, 5);
	want(setxattr("f", "user.x", "new", 3, 0), 0);
	want(c_read(&f->c, 2, 0, got, sizeof(got)), 5);
	assert_memory_equal(got, "value", 5);
	want(c_read(&f->c, 2, 1ull << 63, got, sizeof(got)), 0);
	want(c_read(&f->c, 2, UINT64_MAX, got, sizeof(got)), 0);
	want(c_read(&f->c, 2, 4, got, sizeof(got)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		session_test(test_every_bit),      session_test(test_times),
		session_test(test_owner_and_mode), session_test(test_size_by_open_fids),
		session_test(test_getattr_bits),   session_test(test_xattr_writes),
		session_test(test_xattr_flags),    session_test(test_xattr_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
