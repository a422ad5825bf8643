/* test_attr.c: attributes, extended ones, locks, and the .W messages. */
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
	t.attr.mtime.nsec = (1L << 30) - 1; /* UTIME_NOW must not come in this way */
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
	want(st.st_size, 1LL << 40);
	want(st.st_mode & 07777, 04711);
	t.mask = P9_SET_SIZE;
	t.attr.size = 1ull << 63;
	want(client_call(&f->c, &t, &r), EFBIG);
	t.mask = 0x200;
	want(client_call(&f->c, &t, &r), EINVAL);
	t.mask = P9_SET_CTIME;
	want(client_call(&f->c, &t, &r), 0);
	want(c_walk(&f->c, ROOT, 2, "absolute"), 0);
	t = (struct p9_msg){
		.type = P9_TSETATTR, .fid = 2, .mask = P9_SET_MODE, .attr = { .mode = 0777 }
	};
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
	struct p9_msg t = { .type = P9_TXATTRCREATE,
			    .fid = fid,
			    .name = str_of(name),
			    .length = size,
			    .flags = flags };
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
	struct p9_msg r,
		t = { .type = P9_TXATTRWALK, .fid = 1, .newfid = 2, .name = str_of("user.one") };
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
	struct p9_msg t = { .type = P9_TLOCK,
			    .fid = fid,
			    .lock_type = type,
			    .offset = start,
			    .length = length,
			    .proc_id = proc,
			    .name = str_of("host") };
	struct p9_msg r;
	int err = client_call(c, &t, &r);

	return err ? -err : r.status;
}

static void test_locks(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, t = { .type = P9_TGETLOCK,
			       .fid = 1,
			       .lock_type = P9_LOCK_WRITE,
			       .length = 100,
			       .proc_id = 2,
			       .name = str_of("host") };

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
	t.lock_type = P9_LOCK_NONE; /* the kernel's F_GETLK */
	want(client_call(&f->c, &t, &r), 0);
	want(r.lock_type, P9_LOCK_WRITE);
	t.offset = 15;
	want(client_call(&f->c, &t, &r), 0);
	want(r.lock_type, P9_LOCK_NONE);
	want(lock(&f->c, 1, P9_LOCK_NONE, 0, 0, 1), P9_LOCK_OK);
	want(lock(&f->c, 2, P9_LOCK_WRITE, 5, 10, 2), P9_LOCK_OK);
	want(lock(&f->c, 3, P9_LOCK_WRITE, 90, 1, 3), P9_LOCK_OK); /* as flock(2) may ask */
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

/* ---- .W ---- */

static int wopen(struct client *c, const char *path, uint32_t flags, uint32_t wflags,
		 struct p9_msg *r)
{
	struct p9_msg t = { .type = P9_TWOPEN,
			    .fid = ROOT,
			    .newfid = 1,
			    .flags = flags,
			    .wflags = wflags,
			    .mode = 0666,
			    .gid = getegid() };

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
	want(wopen(&f->c, "final", P9_O_CREAT | P9_O_RDWR, P9_WOPEN_MODE, &r), 0);
	want(stat("final", &st), 0);
	want(st.st_mode & 07777, 0666); /* no umask of the server's */
}

static void test_access_and_wreaddir(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, t = { .type = P9_TACCESS,
			       .fid = 1,
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		session_test(test_setattr),
		session_test(test_getattr),
		session_test(test_xattr),
		session_test(test_xattr_limit),
		session_test(test_locks),
		session_test(test_wopen),
		session_test(test_access_and_wreaddir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
