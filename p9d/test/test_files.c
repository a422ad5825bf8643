/* test_files.c: requests on files and directories. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/test/fixture.h"

/* ---- files ---- */

static void test_open(void **state)
{
	static const struct {
		const char *path;
		uint32_t flags;
		int error;
	} cases[] = {
		{ "f", P9_O_RDONLY, 0 },
		{ "f", P9_O_RDWR, 0 },
		{ "f", P9_O_WRONLY | P9_O_TRUNC, 0 },
		{ "f", 0100000 | 040000, 0 },
		{ "f", P9_O_DIRECTORY, ENOTDIR },
		{ "f", 0x80000000, 0 },
		{ "d", P9_O_RDONLY, 0 },
		{ "d", P9_O_WRONLY, EISDIR },
		{ "d", P9_O_RDWR, EISDIR },
		{ "d", P9_O_DIRECTORY, 0 },
		{ "d", P9_O_TRUNC, EISDIR },
		{ "link", P9_O_RDONLY, ELOOP },
		{ "loop", P9_O_RDONLY, ELOOP },
		{ "absolute", P9_O_RDWR, ELOOP },
		{ "fifo", P9_O_RDONLY, ENXIO },
		{ "fifo", P9_O_RDWR, ENXIO },
		{ "f", P9_O_CREAT | P9_O_EXCL, 0 },
		{ "f", P9_O_NOATIME, 0 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < array_len(cases); i++) {
		int err;

		want(c_walk(&f->c, ROOT, 1, cases[i].path), 0);
		err = c_open(&f->c, 1, cases[i].flags);
		if (err != cases[i].error)
			fail_msg("open %s 0%o: %d, want %d", cases[i].path, cases[i].flags, err,
				 cases[i].error);
		if (!err)
			want(c_open(&f->c, 1, cases[i].flags), EBADF);
		want(c_clunk(&f->c, 1), 0);
	}
}

static void test_read_write(void **state)
{
	struct fixture *f = *state;
	char buf[64];

	want(c_walk(&f->c, ROOT, 1, "f"), 0);
	want(c_read(&f->c, 1, 0, buf, 5), -EBADF); /* not open */
	want(c_write(&f->c, 1, 0, "x", 1), -EBADF);
	want(c_open(&f->c, 1, P9_O_RDWR), 0);
	want(c_read(&f->c, 1, 0, buf, 64), 5);
	assert_memory_equal(buf, "hello", 5);
	want(c_read(&f->c, 1, 5, buf, 64), 0);
	want(c_read(&f->c, 1, 1ull << 62, buf, 64), 0);
	want(c_read(&f->c, 1, 1ull << 63, buf, 64), -EINVAL);
	want(c_read(&f->c, 1, 0, buf, 0), 0);
	want(c_write(&f->c, 1, 5, " world", 6), 6);
	want(c_write(&f->c, 1, 0, "", 0), 0);
	want(c_write(&f->c, 1, 1ull << 63, "x", 1), -EFBIG);
	want(c_read(&f->c, 1, 0, buf, 64), 11);
	assert_memory_equal(buf, "hello world", 11);
	want(c_walk(&f->c, ROOT, 2, "f"), 0);
	want(c_open(&f->c, 2, P9_O_RDONLY), 0);
	want(c_write(&f->c, 2, 0, "x", 1), -EBADF);
	want(c_walk(&f->c, 2, 3, ""), 0); /* cloning an open fid: unopened */
	want(c_open(&f->c, 3, P9_O_WRONLY), 0);
	want(c_read(&f->c, 3, 0, buf, 1), -EBADF);
	want(c_walk(&f->c, 2, 2, "x"), EBADF); /* open: cannot become another */
}

static void test_large_read(void **state)
{
	enum { SIZE = 3 * 1000 * 1000 };
	struct fixture *f = *state;
	unsigned char *want_bytes = malloc(SIZE), *got = malloc(SIZE);
	size_t at = 0;
	int fd = open("large", O_CREAT | O_RDWR, 0644);

	for (size_t i = 0; i < SIZE; i++)
		want_bytes[i] = (unsigned char)(i * 7 + i / 251);
	want(fd_write_all(fd, want_bytes, SIZE), 0);
	close(fd);
	want(c_walk(&f->c, ROOT, 1, "large"), 0);
	want(c_open(&f->c, 1, P9_O_RDONLY), 0);
	while (at < SIZE) {
		uint32_t ask = at % 3 ? (1 << 20) - 24 : 70000;
		long n = c_read(&f->c, 1, at, got + at,
				ask < SIZE - at ? ask : (uint32_t)(SIZE - at));

		assert_true(n > 0);
		at += (size_t)n;
	}
	assert_memory_equal(want_bytes, got, SIZE);
	want(c_read(&f->c, 1, SIZE, got, 1 << 20), 0);
	want(c_read(&f->c, 1, SIZE - 100000, got, 1 << 20), 100000);
	free(want_bytes);
	free(got);
}

static void test_create(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char buf[8];

	want(c_walk(&f->c, ROOT, 1, "d"), 0);
	want(c_create(&f->c, 1, "new", P9_O_RDWR | P9_O_CREAT | P9_O_EXCL, 0640), 0);
	want(c_write(&f->c, 1, 0, "abc", 3), 3);
	want(c_read(&f->c, 1, 0, buf, 8), 3);
	want(stat("d/new", &st), 0);
	want(st.st_mode & 07777, 0640);
	want(c_walk(&f->c, 1, 2, "x"), ENOTDIR); /* the fid is the file now */
	want(c_walk(&f->c, ROOT, 3, "d"), 0);
	want(c_create(&f->c, 3, "new", P9_O_RDWR | P9_O_CREAT | P9_O_EXCL, 0640), EEXIST);
	want(c_create(&f->c, 3, "e", P9_O_RDWR, 0640), EISDIR);
	want(c_create(&f->c, 3, "../x", P9_O_RDWR, 0640), EINVAL);
	want(c_create(&f->c, 3, "new", P9_O_RDWR | P9_O_TRUNC, 0600), 0);
	want(stat("d/new", &st), 0);
	want(st.st_size, 0);
	want(st.st_mode & 07777, 0640);
	want(c_walk(&f->c, ROOT, 4, ""), 0);
	want(c_create(&f->c, 4, "absolute", P9_O_RDWR, 0640), ELOOP);
	want(c_create(&f->c, 4, "link", P9_O_RDWR, 0640), ELOOP);
	want(c_create(&f->c, 4, "fifo", P9_O_RDWR, 0640), ENXIO);
	want(c_walk(&f->c, ROOT, 5, "f"), 0);
	want(c_create(&f->c, 5, "x", P9_O_RDWR, 0640), ENOTDIR);
}

static void test_open_unlinked(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, t = { .type = P9_TSETATTR,
			       .fid = 1,
			       .mask = P9_SET_MODE | P9_SET_SIZE,
			       .attr = { .mode = 0600, .size = 3 } };
	char buf[8];

	want(c_walk(&f->c, ROOT, 1, "f"), 0);
	want(c_open(&f->c, 1, P9_O_RDWR), 0);
	want(c_walk(&f->c, ROOT, 2, "f"), 0); /* not opened */
	want(c_unlink(&f->c, ROOT, "f", 0), 0);
	want(c_write(&f->c, 1, 5, "!", 1), 1);
	want(c_read(&f->c, 1, 0, buf, 8), 6);
	want(client_call(&f->c, &t, &r), 0);
	want(c_getattr(&f->c, 1, &r), 0);
	want(r.attr.size, 3);
	want(r.attr.nlink, 0);
	want(r.attr.mode & 07777, 0600);
	want(c_getattr(&f->c, 2, &r), 0);
	want(c_open(&f->c, 2, P9_O_RDONLY), 0);
	want(c_read(&f->c, 2, 0, buf, 8), 3);
	want(c_walk(&f->c, 1, 3, ""), 0);
	want(c_open(&f->c, 3, P9_O_RDONLY), 0);
	t = (struct p9_msg){ .type = P9_TFSYNC, .fid = 1 };
	want(client_call(&f->c, &t, &r), 0);
	want(c_walk(&f->c, ROOT, 4, "f"), ENOENT);
	t = (struct p9_msg){ .type = P9_TREMOVE, .fid = 3 };
	want(client_call(&f->c, &t, &r), ENOENT);
	want(c_clunk(&f->c, 3), EBADF); /* gone all the same */
}

/* Nothing that is done to an ancestor disturbs a fid below it. */
static void test_rename_ancestor(void **state)
{
	struct fixture *f = *state;
	char buf[8];

	want(c_walk(&f->c, ROOT, 1, "d/e"), 0);
	want(c_walk(&f->c, ROOT, 2, "d/e/deep"), 0);
	want(rename("d", "renamed"), 0);
	want(c_open(&f->c, 2, P9_O_RDONLY), 0);
	want(c_read(&f->c, 2, 0, buf, 8), 4);
	want(c_mkdir(&f->c, 1, "made", 0755), 0);
	want(access("renamed/e/made", F_OK), 0);
	want(c_walk(&f->c, 1, 3, "../../renamed"), 0);
}

/* ---- directories ---- */

static unsigned list_all(struct client *c, uint32_t fid, uint32_t count, char seen[256][32])
{
	struct p9_msg t = { .type = P9_TREADDIR, .fid = fid, .count = count }, r;
	unsigned n = 0;

	for (;;) {
		struct p9_dirent entry;
		struct reader reader;

		want(client_call(c, &t, &r), 0);
		assert_true(r.count <= count);
		if (r.count == 0)
			return n;
		reader_init(&reader, r.data, r.count);
		while (p9_dirent_get(&reader, &entry, false)) {
			assert_true(n < 256);
			snprintf(seen[n++], 32, "%.*s", entry.name.len, entry.name.at);
			t.offset = entry.offset;
		}
		assert_false(reader.bad);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void test_readdir(void **state)
{
	static const uint32_t counts[] = { 40, 64, 100, 512, 4096, 65536, 1 << 20 };
	struct fixture *f = *state;
	struct p9_msg r, t = { .type = P9_TREADDIR, .fid = 1, .count = 24 };
	static char seen[256][32];

	for (int i = 0; i < 100; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d/entry%03d", i);
		want(file_create(name, "", 0644), 0);
	}
	want(c_walk(&f->c, ROOT, 1, "d"), 0);
	want(client_call(&f->c, &t, &r), EBADF); /* not open */
	want(c_open(&f->c, 1, P9_O_RDONLY), 0);
	want(client_call(&f->c, &t, &r), EINVAL); /* no entry fits */
	for (size_t i = 0; i < array_len(counts); i++) {
		unsigned n = list_all(&f->c, 1, counts[i], seen);

		want(n, 103); /* with ., .. and e */
		qsort(seen, n, sizeof(seen[0]), by_name);
		for (int k = 0; k < 100; k++) {
			char name[32];

			snprintf(name, sizeof(name), "entry%03d", k);
			assert_string_equal(seen[3 + k], name);
		}
	}
	t.offset = 1ull << 63;
	want(client_call(&f->c, &t, &r), EINVAL);
	want(c_walk(&f->c, ROOT, 2, "f"), 0);
	want(c_open(&f->c, 2, P9_O_RDONLY), 0);
	t = (struct p9_msg){ .type = P9_TREADDIR, .fid = 2, .count = 4096 };
	want(client_call(&f->c, &t, &r), ENOTDIR);
}

/* rm -r: entries go while the directory is read. */
static void test_readdir_while_removing(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, t = { .type = P9_TREADDIR, .fid = 1, .count = 300 };
	unsigned removed = 0;

	for (int i = 0; i < 500; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d/e/%d", i);
		want(file_create(name, "", 0644), 0);
	}
	want(c_walk(&f->c, ROOT, 1, "d/e"), 0);
	want(c_walk(&f->c, ROOT, 2, "d/e"), 0);
	want(c_open(&f->c, 1, P9_O_RDONLY), 0);
	for (;;) {
		char names[16][32];
		unsigned n = 0;
		struct p9_dirent entry;
		struct reader reader;

		want(client_call(&f->c, &t, &r), 0);
		if (r.count == 0)
			break;
		reader_init(&reader, r.data, r.count);
		while (p9_dirent_get(&reader, &entry, false)) {
			snprintf(names[n++], 32, "%.*s", entry.name.len, entry.name.at);
			t.offset = entry.offset;
		}
		for (unsigned i = 0; i < n; i++)
			removed += names[i][0] != '.' && c_unlink(&f->c, 2, names[i], 0) == 0;
	}
	want(removed, 501);
}

static void test_make_and_remove(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, t;
	struct stat st;
	char target[16];

	want(c_mkdir(&f->c, ROOT, "made", 0750), 0);
	want(c_mkdir(&f->c, ROOT, "made", 0750), EEXIST);
	want(stat("made", &st), 0);
	want(st.st_mode & 07777, 0750);
	t = (struct p9_msg){ .type = P9_TSYMLINK,
			     .name = str_of("sym"),
			     .target = str_of("to/../x"),
			     .gid = getegid() };
	want(client_call(&f->c, &t, &r), 0);
	want(r.qid.type, P9_QTSYMLINK);
	want(readlink("sym", target, sizeof(target)), 7);
	want(c_walk(&f->c, ROOT, 1, "sym"), 0);
	t = (struct p9_msg){ .type = P9_TREADLINK, .fid = 1 };
	want(client_call(&f->c, &t, &r), 0);
	assert_memory_equal(r.target.at, "to/../x", 7);
	want(c_walk(&f->c, ROOT, 2, "f"), 0);
	t.fid = 2;
	want(client_call(&f->c, &t, &r), EINVAL);
	t = (struct p9_msg){ .type = P9_TLINK, .newfid = 2, .name = str_of("hard") };
	want(client_call(&f->c, &t, &r), 0);
	want(stat("hard", &st), 0);
	want(st.st_nlink, 2);
	t = (struct p9_msg){ .type = P9_TLINK, .newfid = 1, .name = str_of("hardsym") };
	want(client_call(&f->c, &t, &r), 0); /* the symbolic link itself */
	want(lstat("hardsym", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	t = (struct p9_msg){ .type = P9_TMKNOD, .name = str_of("pipe"), .mode = S_IFIFO | 0600 };
	want(client_call(&f->c, &t, &r), 0);
	want(c_unlink(&f->c, ROOT, "made", 0), EISDIR);
	want(c_unlink(&f->c, ROOT, "f", P9_REMOVEDIR), ENOTDIR);
	want(c_unlink(&f->c, ROOT, "d", P9_REMOVEDIR), ENOTEMPTY);
	want(c_unlink(&f->c, ROOT, "made", 0x1000), EINVAL);
	want(c_unlink(&f->c, ROOT, "made", P9_REMOVEDIR), 0);
	want(c_unlink(&f->c, ROOT, "missing", 0), ENOENT);
	want(c_walk(&f->c, ROOT, 3, "d/e/deep"), 0);
	t = (struct p9_msg){ .type = P9_TREMOVE, .fid = 3 };
	want(client_call(&f->c, &t, &r), 0);
	want(access("d/e/deep", F_OK), -1);
	t = (struct p9_msg){ .type = P9_TREMOVE, .fid = ROOT };
	want(client_call(&f->c, &t, &r), EBUSY); /* the root stays, its fid does not */
	want(c_getattr(&f->c, ROOT, &r), EBADF);
}

static void test_rename(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, t = { .type = P9_TRENAMEAT,
			       .fid = 1,
			       .newfid = 2,
			       .name = str_of("deep"),
			       .target = str_of("flat") };

	want(c_walk(&f->c, ROOT, 1, "d/e"), 0);
	want(c_walk(&f->c, ROOT, 2, ""), 0);
	want(client_call(&f->c, &t, &r), 0);
	want(access("flat", F_OK), 0);
	want(client_call(&f->c, &t, &r), ENOENT);
	t.target = str_of("..");
	want(client_call(&f->c, &t, &r), EINVAL);
	t.target = str_of("x");
	t.newfid = 99;
	want(client_call(&f->c, &t, &r), EBADF);
	want(c_walk(&f->c, ROOT, 3, "flat"), 0);
	t = (struct p9_msg){ .type = P9_TRENAME, .fid = 3, .newfid = 1, .name = str_of("back") };
	want(client_call(&f->c, &t, &r), 0);
	want(access("d/e/back", F_OK), 0);
	t.name = str_of("again"); /* the fid follows the file */
	want(client_call(&f->c, &t, &r), 0);
	want(access("d/e/again", F_OK), 0);
	t = (struct p9_msg){ .type = P9_TRENAME, .fid = 1, .newfid = 1, .name = str_of("self") };
	want(client_call(&f->c, &t, &r), EINVAL); /* into itself */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		session_test(test_open),
		session_test(test_read_write),
		session_test(test_large_read),
		session_test(test_create),
		session_test(test_open_unlinked),
		session_test(test_rename_ancestor),
		session_test(test_readdir),
		session_test(test_readdir_while_removing),
		session_test(test_make_and_remove),
		session_test(test_rename),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
