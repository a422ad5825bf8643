/* test_session.c: requests against a real directory, one server process each. */
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
#include "p9d/test/client.h"

struct fixture {
	struct client c;
	char dir[64];
	char cwd[4096];
};

enum { ROOT = 0 };

/* The working directory is the one that is served. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_non_null(getcwd(f->cwd, sizeof(f->cwd)));
	snprintf(f->dir, sizeof(f->dir), "/tmp/p9d-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(chdir(f->dir), 0);
	umask(0);
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(mkdir("d/e", 0755), 0);
	assert_int_equal(file_create("f", "hello", 0644), 0);
	assert_int_equal(file_create("d/e/deep", "deep", 0644), 0);
	assert_int_equal(symlink("/etc/passwd", "absolute"), 0);
	assert_int_equal(symlink("d", "link"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(mkfifo("fifo", 0666), 0);
	client_serve(&f->c, f->dir);
	assert_int_equal(c_version(&f->c, "9P2000.L", 1 << 20), 0);
	assert_int_equal(c_attach(&f->c, ROOT, geteuid()), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[200];

	client_close(&f->c);
	assert_int_equal(chdir(f->cwd), 0);
	snprintf(command, sizeof(command), "chmod -R u+rwx %s; rm -rf %s", f->dir, f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* ---- Tversion ---- */

static void test_version(void **state)
{
	static const struct {
		const char *version;
		uint32_t msize;
		int error;
		uint32_t agreed;
	} cases[] = {
		{ "9P2000.L", 8192, 0, 8192 },
		{ "9P2000.W", 4096, 0, 4096 },
		{ "9P2000.L", 0xffffffff, 0, P9_MSIZE_MAX },
		{ "9P2000", 8192, EPROTONOSUPPORT, 8192 },
		{ "9P2000.u", 8192, EPROTONOSUPPORT, 8192 },
		{ "", 8192, EPROTONOSUPPORT, 8192 },
		{ "9P2000.LL", 8192, EPROTONOSUPPORT, 8192 },
		{ "9P2000.L", 4095, EMSGSIZE, 0 },
		{ "9P2000.L", 0, EMSGSIZE, 0 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < array_len(cases); i++) {
		want(c_version(&f->c, cases[i].version, cases[i].msize), cases[i].error);
		if (cases[i].agreed)
			want(f->c.msize, cases[i].agreed);
	}
	want(c_attach(&f->c, ROOT, geteuid()), EPROTO); /* the last one failed */
	want(c_version(&f->c, "9P2000.L", 8192), 0);
	want(c_walk(&f->c, ROOT, 1, ""), EBADF); /* fids of the old session are gone */
	want(c_attach(&f->c, ROOT, geteuid()), 0);
}

/* ---- Tattach ---- */

static void test_attach(void **state)
{
	static const struct {
		const char *aname;
		int error;
	} cases[] = {
		{ "", 0 },         { "/", 0 },          { "d", 0 },          { "/d/e", 0 },
		{ "f", ENOTDIR },  { "missing", ENOENT }, { "..", EXDEV },   { "d/../..", EXDEV },
		{ "link", ELOOP }, { "absolute", ELOOP }, { "d/e/../e", 0 },
	};
	struct fixture *f = *state;
	struct p9_msg t = { .type = P9_TATTACH, .fid = 10, .newfid = P9_NOFID }, r;

	for (size_t i = 0; i < array_len(cases); i++) {
		t.uid = geteuid();
		t.target = str_of(cases[i].aname);
		want(client_call(&f->c, &t, &r), cases[i].error);
		if (!cases[i].error)
			want(c_clunk(&f->c, 10), 0);
	}
	t.target = str_of("");
	t.uid = geteuid() + 1;
	want(client_call(&f->c, &t, &r), EPERM); /* this server is one user only */
	t.uid = P9_NOUID;
	want(client_call(&f->c, &t, &r), 0);
	want(client_call(&f->c, &t, &r), EBADF); /* fid 10 is in use */
	t.fid = 11;
	t.newfid = 3;
	want(client_call(&f->c, &t, &r), EBADF); /* an afid nobody asked for */
	t.newfid = t.fid = P9_NOFID;
	want(client_call(&f->c, &t, &r), EBADF);
}

static void test_attach_subtree(void **state)
{
	struct fixture *f = *state;
	struct p9_msg t = { .type = P9_TATTACH, .fid = 10, .newfid = P9_NOFID, .uid = geteuid(),
		            .target = str_of("d") };
	struct p9_msg r, inside, up;

	want(client_call(&f->c, &t, &r), 0);
	want(c_walk(&f->c, 10, 11, "../../.."), 0); /* stays at the top */
	want(c_getattr(&f->c, 10, &inside), 0);
	want(c_getattr(&f->c, 11, &up), 0);
	want(up.qid.path, inside.qid.path);
	want(c_walk(&f->c, 10, 12, "e"), 0);
	want(rename("d/e", "moved"), 0); /* out of the subtree: no way further up */
	want(c_walk(&f->c, 12, 13, ".."), EACCES);
	want(c_walk(&f->c, 12, 14, "deep"), 0);
}

/* ---- Twalk ---- */

static void test_walk(void **state)
{
	static const struct {
		const char *path;
		int error;
	} cases[] = {
		{ "", 0 },           { "f", 0 },          { "d/e/deep", 0 },   { "..", 0 },
		{ "../../d", 0 },    { "d/..", 0 },       { "link", 0 },       { "fifo", 0 },
		{ "absolute", 0 },   { "loop", 0 },       { ".", 0 },          { "missing", ENOENT },
		{ "d/missing", ENOENT }, { "f/x", ENOENT }, { "link/e", ENOENT }, { "//", EINVAL },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < array_len(cases); i++) {
		int err = c_walk(&f->c, ROOT, 1, cases[i].path);

		if (err != cases[i].error)
			fail_msg("walk '%s': %d, want %d", cases[i].path, err, cases[i].error);
		want(c_clunk(&f->c, 1), err ? EBADF : 0);
	}
	want(c_walk(&f->c, 99, 1, ""), EBADF);
	want(c_walk(&f->c, ROOT, P9_NOFID, ""), EBADF);
	want(c_walk(&f->c, ROOT, ROOT, ""), 0);
	want(c_walk(&f->c, ROOT, 1, ""), 0);
	want(c_walk(&f->c, ROOT, 1, ""), EBADF); /* in use */
	want(c_walk(&f->c, ROOT, 1, "d"), EBADF);
	want(c_walk(&f->c, 1, 1, "d"), 0); /* onto itself */
	want(c_walk(&f->c, 1, 1, "e/missing"), ENOENT);
	want(c_walk(&f->c, 1, 2, "e/deep"), 0); /* so it still was d */
	want(c_walk(&f->c, 2, 3, "x"), ENOTDIR);
}

static int walk_name(struct client *c, const char *name, uint16_t len)
{
	struct p9_msg t = { .type = P9_TWALK, .newfid = 1, .name_count = 1, .names = { { name, len } } };
	struct p9_msg r;

	return client_call(c, &t, &r);
}

static void test_names(void **state)
{
	struct fixture *f = *state;
	char name[300];

	memset(name, 'n', sizeof(name));
	want(walk_name(&f->c, name, 255), ENOENT);
	want(walk_name(&f->c, name, 256), ENAMETOOLONG);
	want(walk_name(&f->c, "", 0), EINVAL);
	want(walk_name(&f->c, "d/e", 3), EINVAL);
	want(walk_name(&f->c, "f\0g", 3), EINVAL);
	want(walk_name(&f->c, "f\0", 2), EINVAL);
	want(c_mkdir(&f->c, ROOT, "..", 0755), EINVAL);
	want(c_mkdir(&f->c, ROOT, ".", 0755), EINVAL);
	want(c_mkdir(&f->c, ROOT, "a/b", 0755), EINVAL);
	want(c_mkdir(&f->c, ROOT, "", 0755), EINVAL);
	want(c_unlink(&f->c, ROOT, "..", P9_REMOVEDIR), EINVAL);
	for (int byte = 1; byte < 256; byte++) {
		char odd[4] = { 'x', (char)byte, 'y', 0 };

		if (byte == '/')
			continue;
		want(c_mkdir(&f->c, ROOT, odd, 0755), 0);
		want(access(odd, F_OK), 0);
	}
	name[255] = '\0';
	want(c_mkdir(&f->c, ROOT, name, 0755), 0);
	want(access(name, F_OK), 0);
}

static void test_deep_walk(void **state)
{
	struct fixture *f = *state;

	want(c_walk(&f->c, ROOT, 1, ""), 0);
	for (int i = 0; i < 40; i++) {
		want(c_mkdir(&f->c, 1, "x", 0755), 0);
		want(c_walk(&f->c, 1, 1, "x"), 0);
	}
	want(c_walk(&f->c, ROOT, 2, "x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x"), 0);
	want(c_walk(&f->c, 2, 2, "x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x"), 0);
}

/* ---- files ---- */

static void test_open(void **state)
{
	static const struct {
		const char *path;
		uint32_t flags;
		int error;
	} cases[] = {
		{ "f", P9_O_RDONLY, 0 },        { "f", P9_O_RDWR, 0 },
		{ "f", P9_O_WRONLY | P9_O_TRUNC, 0 }, { "f", 0100000 | 040000, 0 },
		{ "f", P9_O_DIRECTORY, ENOTDIR }, { "f", 0x80000000, 0 },
		{ "d", P9_O_RDONLY, 0 },        { "d", P9_O_WRONLY, EISDIR },
		{ "d", P9_O_RDWR, EISDIR },     { "d", P9_O_DIRECTORY, 0 },
		{ "d", P9_O_TRUNC, EISDIR },    { "link", P9_O_RDONLY, ELOOP },
		{ "loop", P9_O_RDONLY, ELOOP }, { "absolute", P9_O_RDWR, ELOOP },
		{ "fifo", P9_O_RDONLY, ENXIO }, { "fifo", P9_O_RDWR, ENXIO },
		{ "f", P9_O_CREAT | P9_O_EXCL, 0 }, { "f", P9_O_NOATIME, 0 },
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
		long n = c_read(&f->c, 1, at, got + at, ask < SIZE - at ? ask : (uint32_t)(SIZE - at));

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
	struct p9_msg r, t = { .type = P9_TSETATTR, .fid = 1, .mask = P9_SET_MODE | P9_SET_SIZE,
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
	t = (struct p9_msg){ .type = P9_TSYMLINK, .name = str_of("sym"), .target = str_of("to/../x"),
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
	struct p9_msg r, t = { .type = P9_TRENAMEAT, .fid = 1, .newfid = 2, .name = str_of("deep"),
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

/* ---- attributes ---- */

static void test_setattr(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, t = { .type = P9_TSETATTR, .fid = 1 };
	struct stat st;

	want(c_walk(&f->c, ROOT, 1, "f"), 0);
	t.mask = P9_SET_ATIME | P9_SET_ATIME_SET | P9_SET_MTIME | P9_SET_MTIME_SET;
	t.attr.atime = (struct p9_time){ 1000000000, 123456789 };
	t.attr.mtime = (struct p9_time){ 1000000001, 987654321 };
	want(client_call(&f->c, &t, &r), 0);
	want(stat("f", &st), 0);
	want(st.st_atim.tv_nsec, 123456789);
	want(st.st_mtim.tv_sec, 1000000001);
	want(st.st_mtim.tv_nsec, 987654321);
	t.attr.mtime.nsec = 1000000000;
	want(client_call(&f->c, &t, &r), EINVAL);
	t.attr.mtime.nsec = (1l << 30) - 1; /* UTIME_NOW must not come in this way */
	want(client_call(&f->c, &t, &r), EINVAL);
	t.mask = P9_SET_ATIME;
	want(client_call(&f->c, &t, &r), 0);
	want(stat("f", &st), 0);
	assert_true(st.st_atim.tv_sec > 1000000000);
	want(st.st_mtim.tv_sec, 1000000001);
	t.mask = P9_SET_SIZE | P9_SET_MODE;
	t.attr.size = 1ull << 40;
	t.attr.mode = S_IFREG | 04711;
	want(client_call(&f->c, &t, &r), 0);
	want(stat("f", &st), 0);
	want(st.st_size, 1ll << 40);
	want(st.st_mode & 07777, 04711);
	t.mask = P9_SET_SIZE;
	t.attr.size = 1ull << 63;
	want(client_call(&f->c, &t, &r), EFBIG);
	t.mask = 0x200;
	want(client_call(&f->c, &t, &r), EINVAL);
	t.mask = P9_SET_CTIME;
	want(client_call(&f->c, &t, &r), 0);
	want(c_walk(&f->c, ROOT, 2, "absolute"), 0);
	t = (struct p9_msg){ .type = P9_TSETATTR, .fid = 2, .mask = P9_SET_MODE,
		             .attr = { .mode = 0777 } };
	want(client_call(&f->c, &t, &r), EOPNOTSUPP); /* never the link's target */
	t.mask = P9_SET_SIZE;
	want(client_call(&f->c, &t, &r), EINVAL);
	want(c_walk(&f->c, ROOT, 3, "d"), 0);
	t.fid = 3;
	want(client_call(&f->c, &t, &r), EISDIR);
}

static void test_getattr(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, again, t = { .type = P9_TGETATTR, .fid = 1, .mask = UINT64_MAX };
	struct stat st;

	want(c_walk(&f->c, ROOT, 1, "f"), 0);
	want(client_call(&f->c, &t, &r), 0);
	want(stat("f", &st), 0);
	want(r.mask, P9_ATTR_BASIC | P9_ATTR_BTIME);
	want(r.attr.mode, st.st_mode);
	want(r.attr.size, 5);
	want(r.attr.mtime.nsec, st.st_mtim.tv_nsec);
	assert_true(r.attr.btime.sec > 0);
	assert_true(r.qid.version != 0);
	want(chmod("f", 0600), 0);
	want(c_getattr(&f->c, 1, &again), 0);
	want(again.qid.path, r.qid.path);
	assert_true(again.qid.version != r.qid.version);
	t = (struct p9_msg){ .type = P9_TSTATFS, .fid = 1 };
	want(client_call(&f->c, &t, &r), 0);
	want(r.statfs.type, 0x01021997);
	want(r.statfs.namelen, 255);
}

/* ---- extended attributes ---- */

static int xattr_set(struct client *c, uint32_t fid, const char *name, const char *value,
                     uint64_t size, uint32_t flags)
{
	struct p9_msg t = { .type = P9_TXATTRCREATE, .fid = fid, .name = str_of(name),
		            .length = size, .flags = flags };
	struct p9_msg r;
	int err = client_call(c, &t, &r);

	if (err)
		return err;
	if (*value && c_write(c, fid, 0, value, (uint32_t)strlen(value)) < 0)
		return ENOSPC;
	return c_clunk(c, fid);
}

static void test_xattr(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, t = { .type = P9_TXATTRWALK, .fid = 1, .newfid = 2,
		               .name = str_of("user.one") };
	char buf[64];

	if (setxattr("f", "user.test", "x", 1, 0) < 0)
		skip(); /* the file system has none */
	want(c_walk(&f->c, ROOT, 1, "f"), 0);
	want(client_call(&f->c, &t, &r), ENODATA);
	want(c_walk(&f->c, ROOT, 3, "f"), 0);
	want(xattr_set(&f->c, 3, "user.one", "value", 5, 0), 0);
	want(getxattr("f", "user.one", buf, sizeof(buf)), 5);
	want(client_call(&f->c, &t, &r), 0);
	want(r.length, 5);
	want(c_read(&f->c, 2, 0, buf, 64), 5);
	assert_memory_equal(buf, "value", 5);
	want(c_read(&f->c, 2, 3, buf, 64), 2);
	want(c_read(&f->c, 2, 99, buf, 64), 0);
	want(c_write(&f->c, 2, 0, "x", 1), -EBADF);
	want(c_open(&f->c, 2, 0), EBADF);
	want(c_walk(&f->c, 2, 9, ""), EBADF);
	want(c_getattr(&f->c, 2, &r), EBADF);
	want(client_call(&f->c, &t, &r), EBADF); /* newfid in use */
	want(c_clunk(&f->c, 2), 0);
	t.name = str_of("");
	want(client_call(&f->c, &t, &r), 0);
	want(c_read(&f->c, 2, 0, buf, 64), r.length);
	want(c_walk(&f->c, ROOT, 3, "f"), 0);
	want(xattr_set(&f->c, 3, "user.two", "short", 6, 0), EINVAL); /* one byte too few */
	want(getxattr("f", "user.two", buf, sizeof(buf)), -1);
	want(c_walk(&f->c, ROOT, 3, "f"), 0);
	want(xattr_set(&f->c, 3, "user.two", "long", 3, 0), ENOSPC);
	want(c_clunk(&f->c, 3), EINVAL);
	want(c_walk(&f->c, ROOT, 3, "f"), 0);
	want(xattr_set(&f->c, 3, "user.big", "", 1ull << 40, 0), E2BIG);
	want(xattr_set(&f->c, 3, "user.big", "", 0, 8), EINVAL);
	want(xattr_set(&f->c, 3, "user.one", "", 0, XATTR_REPLACE), 0); /* removes */
	want(getxattr("f", "user.one", buf, sizeof(buf)), -1);
	want(c_walk(&f->c, ROOT, 3, "f"), 0);
	want(xattr_set(&f->c, 3, "user.empty", "", 0, 0), 0);
	want(getxattr("f", "user.empty", buf, sizeof(buf)), 0);
}

static void test_xattr_limit(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, t = { .type = P9_TXATTRCREATE, .name = str_of("user.x"), .length = 65536 };
	int err = 0;
	uint32_t fid = 100;

	for (; fid < 200 && !err; fid++) {
		want(c_walk(&f->c, ROOT, fid, "f"), 0);
		t.fid = fid;
		err = client_call(&f->c, &t, &r);
	}
	want(err, ENFILE);
	want(fid, 165);
	want(c_clunk(&f->c, 100), EINVAL);
	want(client_call(&f->c, &t, &r), 0);
}

/* ---- locks ---- */

static int lock(struct client *c, uint32_t fid, uint8_t type, uint64_t start, uint64_t length,
                uint32_t proc)
{
	struct p9_msg t = { .type = P9_TLOCK, .fid = fid, .lock_type = type, .offset = start,
		            .length = length, .proc_id = proc, .name = str_of("host") };
	struct p9_msg r;
	int err = client_call(c, &t, &r);

	return err ? -err : r.status;
}

static void test_locks(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, t = { .type = P9_TGETLOCK, .fid = 1, .lock_type = P9_LOCK_WRITE,
		               .length = 100, .proc_id = 2, .name = str_of("host") };

	for (uint32_t fid = 1; fid <= 3; fid++) {
		want(c_walk(&f->c, ROOT, fid, "f"), 0);
		want(c_open(&f->c, fid, fid == 3 ? P9_O_RDONLY : P9_O_RDWR), 0);
	}
	want(lock(&f->c, 1, P9_LOCK_WRITE, 0, 10, 1), P9_LOCK_OK);
	want(lock(&f->c, 2, P9_LOCK_WRITE, 5, 10, 1), P9_LOCK_OK); /* the same process */
	want(lock(&f->c, 2, P9_LOCK_WRITE, 5, 10, 2), P9_LOCK_BLOCKED);
	want(lock(&f->c, 2, P9_LOCK_READ, 5, 10, 2), P9_LOCK_BLOCKED);
	want(lock(&f->c, 2, P9_LOCK_WRITE, 50, 10, 2), P9_LOCK_OK);
	want(client_call(&f->c, &t, &r), 0);
	want(r.lock_type, P9_LOCK_WRITE);
	want(r.offset, 0);
	want(r.length, 15);
	t.lock_type = P9_LOCK_NONE;
	want(client_call(&f->c, &t, &r), 0);
	want(r.lock_type, P9_LOCK_NONE);
	want(lock(&f->c, 1, P9_LOCK_NONE, 0, 0, 1), P9_LOCK_OK);
	want(lock(&f->c, 2, P9_LOCK_WRITE, 5, 10, 2), P9_LOCK_OK);
	want(lock(&f->c, 3, P9_LOCK_WRITE, 90, 1, 3), P9_LOCK_ERROR); /* opened for reading */
	want(lock(&f->c, 3, P9_LOCK_READ, 90, 1, 3), P9_LOCK_OK);
	want(lock(&f->c, 1, 3, 0, 0, 1), -EINVAL);
	want(lock(&f->c, 1, P9_LOCK_WRITE, 1ull << 63, 1, 1), P9_LOCK_ERROR);
	want(lock(&f->c, ROOT, P9_LOCK_WRITE, 0, 1, 1), -EBADF);
	want(c_clunk(&f->c, 1), 0);
	want(lock(&f->c, 3, P9_LOCK_READ, 50, 1, 3), P9_LOCK_BLOCKED); /* others still open */
	want(c_clunk(&f->c, 2), 0);
	want(c_clunk(&f->c, 3), 0);
	want(c_walk(&f->c, ROOT, 4, "f"), 0);
	want(c_open(&f->c, 4, P9_O_RDWR), 0);
	want(lock(&f->c, 4, P9_LOCK_WRITE, 0, 0, 9), P9_LOCK_OK); /* all gone with the last fid */
}

/* ---- wrong requests ---- */

static void test_unknown_requests(void **state)
{
	static const uint8_t types[] = { P9_TACCESS, P9_TWREADDIR, P9_TWOPEN, P9_TWALK + 1,
		                         P9_RLERROR };
	struct fixture *f = *state;
	struct p9_msg t = { .type = P9_TAUTH, .fid = 5 }, r;

	want(client_call(&f->c, &t, &r), ENOENT); /* none needed */
	for (size_t i = 0; i < array_len(types); i++) {
		t = (struct p9_msg){ .type = types[i], .tag = 1 };
		client_send(&f->c, &t);
		assert_true(client_receive(&f->c, &r));
		want(r.type, P9_RLERROR);
		want(r.error, EOPNOTSUPP);
	}
	for (unsigned type = 134; type < 256; type++) {
		uint8_t raw[7] = { 7, 0, 0, 0, (uint8_t)type, 1, 0 };

		client_send_raw(&f->c, raw, sizeof(raw));
		assert_true(client_receive(&f->c, &r));
		want(r.error, EOPNOTSUPP);
	}
	want(c_walk(&f->c, ROOT, 1, ""), 0); /* and life goes on */
}

static void test_bad_fids(void **state)
{
	static const uint8_t types[] = { P9_TSTATFS,  P9_TLOPEN,   P9_TLCREATE, P9_TSYMLINK,
		P9_TMKNOD, P9_TRENAME, P9_TREADLINK, P9_TGETATTR, P9_TSETATTR, P9_TXATTRWALK,
		P9_TXATTRCREATE, P9_TREADDIR, P9_TFSYNC, P9_TLOCK, P9_TGETLOCK, P9_TLINK,
		P9_TMKDIR, P9_TRENAMEAT, P9_TUNLINKAT, P9_TWALK, P9_TREAD, P9_TWRITE, P9_TCLUNK,
		P9_TREMOVE };
	struct fixture *f = *state;

	for (size_t i = 0; i < array_len(types); i++) {
		struct p9_msg t = { .type = types[i], .fid = 4242, .newfid = 4343 }, r;

		if (client_call(&f->c, &t, &r) != EBADF)
			fail_msg("%s on no fid", p9_type_name(types[i]));
	}
}

/* Cut messages get an answer each, change nothing, and the stream goes on. */
static void test_cut_requests(void **state)
{
	struct fixture *f = *state;
	unsigned sent = 0;

	for (unsigned type = 8; type < P9_TWOPEN; type += 2) {
		struct p9_msg t = { .type = (uint8_t)type, .tag = 7, .name = str_of("n"),
			            .target = str_of("t"), .name_count = 1,
			            .names = { str_of("f") }, .count = 1,
			            .data = (const uint8_t *)"x" };
		uint8_t buf[256];
		struct p9_msg r;
		int len;

		if (!p9_type_name((uint8_t)type) || type == P9_TFSYNC)
			continue;
		len = p9_encode(&t, buf, sizeof(buf));
		for (int cut = P9_HEADER; cut < len && sent < 900; cut++, sent++) {
			buf[0] = (uint8_t)cut;
			client_send_raw(&f->c, buf, (size_t)cut);
			assert_true(client_receive(&f->c, &r));
			want(r.type, P9_RLERROR);
			want(r.error, EPROTO);
			want(r.tag, 7);
		}
	}
	assert_true(sent > 300);
	want(c_walk(&f->c, ROOT, 1, "f"), 0);
}

static void test_fid_limit(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r;
	uint32_t fid = 1;

	while (c_walk(&f->c, ROOT, fid, "f") == 0 && fid < 70000)
		fid++;
	assert_true(fid > 200);
	want(c_clunk(&f->c, 1), 0);
	want(c_walk(&f->c, ROOT, 1, "f"), 0);
	want(c_getattr(&f->c, fid - 1, &r), 0);
	want(c_version(&f->c, "9P2000.L", 8192), 0); /* lets go of all of them */
	want(c_attach(&f->c, ROOT, geteuid()), 0);
	want(c_walk(&f->c, ROOT, 1, "f"), 0);
}

/* ---- .W ---- */

static int wopen(struct client *c, const char *path, uint32_t flags, uint32_t wflags,
                 struct p9_msg *r)
{
	struct p9_msg t = { .type = P9_TWOPEN, .fid = ROOT, .newfid = 1, .flags = flags,
		            .wflags = wflags, .mode = 0666, .gid = getegid() };

	while (*path) {
		uint16_t len = (uint16_t)strcspn(path, "/");

		t.names[t.name_count++] = (struct p9_str){ path, len };
		path += len + (path[len] == '/');
	}
	return client_call(c, &t, r);
}

static void test_wopen(void **state)
{
	static const struct {
		const char *path;
		uint32_t flags, wflags;
		int error;
		uint8_t status;
		uint16_t walked;
	} cases[] = {
		{ "", 0, 0, 0, P9_WOPEN_OPENED, 0 },
		{ "f", P9_O_RDWR, 0, 0, P9_WOPEN_OPENED, 1 },
		{ "d/e/deep", 0, 0, 0, P9_WOPEN_OPENED, 3 },
		{ "d", P9_O_RDWR, 0, 0, P9_WOPEN_OPENED, 1 },
		{ "d", 0, P9_WOPEN_NOT_DIR, EISDIR, 0, 0 },
		{ "f", P9_O_DIRECTORY, 0, ENOTDIR, 0, 0 },
		{ "f", P9_WOPEN_ATTR_ONLY, 0, 0, P9_WOPEN_OPENED, 1 },
		{ "f", 0, P9_WOPEN_DELETE, 0, P9_WOPEN_OPENED, 1 },
		{ "missing", 0, 0, 0, P9_WOPEN_NO_LEAF, 0 },
		{ "d/missing", 0, 0, 0, P9_WOPEN_NO_LEAF, 1 },
		{ "d/missing/x", 0, 0, 0, P9_WOPEN_NO_PARENT, 1 },
		{ "d/missing/x", P9_O_CREAT, 0, 0, P9_WOPEN_NO_PARENT, 1 },
		{ "f/x", 0, 0, 0, P9_WOPEN_STOPPED, 1 },
		{ "f/x", P9_O_CREAT, 0, 0, P9_WOPEN_STOPPED, 1 },
		{ "link/e/deep", 0, 0, 0, P9_WOPEN_STOPPED, 1 },
		{ "link", 0, 0, 0, P9_WOPEN_STOPPED, 1 },
		{ "link", 0, P9_WOPEN_LINK, 0, P9_WOPEN_OPENED, 1 },
		{ "fifo", 0, 0, ENXIO, 0, 0 },
		{ "d/../f", 0, 0, EINVAL, 0, 0 },
		{ "new", P9_O_RDWR | P9_O_CREAT, 0, 0, P9_WOPEN_CREATED, 1 },
		{ "new", P9_O_RDWR | P9_O_CREAT, 0, 0, P9_WOPEN_OPENED, 1 },
		{ "new", P9_O_RDWR | P9_O_CREAT | P9_O_EXCL, 0, EEXIST, 0, 0 },
		{ "d/made", P9_O_CREAT | P9_O_DIRECTORY, 0, 0, P9_WOPEN_CREATED, 2 },
		{ "f", P9_WOPEN_ATTR_ONLY | P9_O_TRUNC, 0, 0, P9_WOPEN_OPENED, 1 },
	};
	struct fixture *f = *state;
	struct p9_msg r;
	struct stat st;

	want(c_version(&f->c, "9P2000.W", 65536), 0);
	want(c_attach(&f->c, ROOT, geteuid()), 0);
	for (size_t i = 0; i < array_len(cases); i++) {
		int err = wopen(&f->c, cases[i].path, cases[i].flags, cases[i].wflags, &r);
		bool made = !err && r.status <= P9_WOPEN_CREATED;

		if (err != cases[i].error ||
		    (!err && (r.status != cases[i].status || r.walked != cases[i].walked)))
			fail_msg("'%s' 0%o %u: error %d status %u walked %u", cases[i].path,
			         cases[i].flags, cases[i].wflags, err, r.status, r.walked);
		want(c_clunk(&f->c, 1), made ? 0 : EBADF);
	}
	want(wopen(&f->c, "link/e", 0, 0, &r), 0);
	want(r.target.len, 1);
	want(r.target.at[0], 'd');
	want(stat("new", &st), 0);
	want(st.st_mode & 07777, 0644); /* 0666 and the server's umask */
	want(stat("f", &st), 0);
	want(st.st_size, 0);
}

static void test_access_and_wreaddir(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, t = { .type = P9_TACCESS, .fid = 1,
		               .flags = P9_ACCESS_READ | P9_ACCESS_WRITE | P9_ACCESS_DELETE };
	struct p9_dirent entry;
	struct reader reader;
	bool found = false;

	want(c_version(&f->c, "9P2000.W", 65536), 0);
	want(c_attach(&f->c, ROOT, geteuid()), 0);
	want(c_walk(&f->c, ROOT, 1, "f"), 0);
	want(client_call(&f->c, &t, &r), 0);
	t.flags = P9_ACCESS_EXEC;
	want(client_call(&f->c, &t, &r), EACCES); /* nobody may, not even root */
	want(c_walk(&f->c, ROOT, 2, ""), 0);
	want(c_open(&f->c, 2, 0), 0);
	t = (struct p9_msg){ .type = P9_TWREADDIR, .fid = 2, .count = 60000 };
	want(client_call(&f->c, &t, &r), 0);
	reader_init(&reader, r.data, r.count);
	while (p9_dirent_get(&reader, &entry, true))
		if (entry.name.len == 1 && entry.name.at[0] == 'f') {
			found = true;
			want(entry.attr.size, 5);
			want(entry.attr.mode, S_IFREG | 0644);
		}
	assert_false(reader.bad);
	assert_true(found);
}

#define session_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		session_test(test_version),
		session_test(test_attach),
		session_test(test_attach_subtree),
		session_test(test_walk),
		session_test(test_names),
		session_test(test_deep_walk),
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
		session_test(test_setattr),
		session_test(test_getattr),
		session_test(test_xattr),
		session_test(test_xattr_limit),
		session_test(test_locks),
		session_test(test_unknown_requests),
		session_test(test_bad_fids),
		session_test(test_cut_requests),
		session_test(test_fid_limit),
		session_test(test_wopen),
		session_test(test_access_and_wreaddir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
