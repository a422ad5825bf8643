/* test_links.c: what becomes of fids when their files are renamed, linked,
 * unlinked or replaced; symbolic links are never followed. */
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

#define T(type_, ...)                            \
	{                                        \
		.type = P9_T##type_, __VA_ARGS__ \
	}

static int call(struct client *c, struct p9_msg t)
{
	struct p9_msg r;

	return client_call(c, &t, &r);
}

static int renameat_(struct client *c, uint32_t from, const char *name, uint32_t to,
		     const char *new_name)
{
	return call(c, (struct p9_msg)T(RENAMEAT, .fid = from, .name = str_of(name), .newfid = to,
					.target = str_of(new_name)));
}

static int remove_(struct client *c, uint32_t fid)
{
	return call(c, (struct p9_msg)T(REMOVE, .fid = fid));
}

static int rename_(struct client *c, uint32_t fid, uint32_t dir, const char *name)
{
	return call(c, (struct p9_msg)T(RENAME, .fid = fid, .newfid = dir, .name = str_of(name)));
}

static void want_read(struct client *c, uint32_t fid, const char *text)
{
	char buf[64];

	want(c_read(c, fid, 0, buf, sizeof(buf)), strlen(text));
	assert_memory_equal(buf, text, strlen(text));
}

static uint64_t path_of(struct client *c, uint32_t fid)
{
	struct p9_msg r;

	want(c_getattr(c, fid, &r), 0);
	return r.qid.path;
}

enum { OPEN = 1, PATH, E, MORE };

/* f opened and not, and d/e. */
static void take_fids(struct client *c)
{
	want(c_walk(c, ROOT, OPEN, "f"), 0);
	want(c_open(c, OPEN, P9_O_RDWR), 0);
	want(c_walk(c, ROOT, PATH, "f"), 0);
	want(c_walk(c, ROOT, E, "d/e"), 0);
}

/* The fids go where the file goes. */
static void test_renamed_under_fids(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->c;
	uint64_t path;

	take_fids(c);
	path = path_of(c, OPEN);
	want(renameat_(c, ROOT, "f", E, "g"), 0);
	want(c_write(c, OPEN, 0, "jello", 5), 5);
	want(path_of(c, OPEN), path);
	want(path_of(c, PATH), path);
	want(c_open(c, PATH, P9_O_RDONLY), 0);
	want_read(c, PATH, "jello");
	want(renameat_(c, ROOT, "d", ROOT, "dd"), 0); /* with all below */
	want_read(c, PATH, "jello");
	want(c_walk(c, E, MORE, "g"), 0);
	want(path_of(c, MORE), path);
	want(rename_(c, OPEN, ROOT, "f"), 0); /* by an open fid */
	want(access("f", F_OK), 0);
	want(rename_(c, OPEN, ROOT, "f"), 0); /* onto itself */
	want(remove_(c, PATH), 0);
	want(access("f", F_OK), -1);
	want_read(c, OPEN, "jello");
	want(rename_(c, OPEN, ROOT, "f"), ENOENT); /* it has no name any more */
}

/* A fid is the file it was, not what has its name now. */
static void test_replaced_under_fids(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->c;
	uint64_t path;

	take_fids(c);
	path = path_of(c, OPEN);
	want(file_create("g", "other", 0644), 0);
	want(renameat_(c, ROOT, "g", ROOT, "f"), 0);
	want_read(c, OPEN, "hello");
	want(path_of(c, PATH), path);
	want(c_open(c, PATH, P9_O_RDONLY), 0);
	want_read(c, PATH, "hello");
	want(remove_(c, PATH), ENOENT); /* not the other f */
	want(c_clunk(c, PATH), EBADF);
	want(access("f", F_OK), 0);
	want(c_walk(c, ROOT, PATH, "f"), 0);
	want(c_open(c, PATH, P9_O_RDONLY), 0);
	want_read(c, PATH, "other");
}

static void test_hard_links(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->c;
	struct p9_msg r;

	take_fids(c);
	want(call(c, (struct p9_msg)T(LINK, .fid = E, .newfid = OPEN, .name = str_of("g"))), 0);
	want(c_getattr(c, PATH, &r), 0);
	want(r.attr.nlink, 2);
	want(c_unlink(c, ROOT, "f", 0), 0);
	want(c_getattr(c, PATH, &r), 0);
	want(r.attr.nlink, 1);
	want(c_walk(c, E, MORE, "g"), 0);
	want(path_of(c, MORE), path_of(c, OPEN));
	want(remove_(c, MORE), 0);
	want(access("d/e/g", F_OK), -1);
	want_read(c, OPEN, "hello");
	want(call(c, (struct p9_msg)T(LINK, .fid = E, .newfid = OPEN, .name = str_of("g"))),
	     ENOENT);
}

/* All there is to do with an open file that has no name. */
static void test_unlinked_under_fids(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->c;
	struct p9_msg r;
	struct p9_msg lock = T(LOCK, .fid = OPEN, .lock_type = P9_LOCK_WRITE, .name = str_of("h"));
	struct p9_msg set = T(SETATTR, .fid = OPEN, .attr = { .mode = 0751, .size = 2 });

	take_fids(c);
	want(c_unlink(c, ROOT, "f", 0), 0);
	set.mask = P9_SET_SIZE | P9_SET_MODE | P9_SET_UID | P9_SET_GID | P9_SET_MTIME |
		   P9_SET_MTIME_SET;
	set.attr.uid = geteuid();
	set.attr.gid = getegid();
	set.attr.mtime = (struct p9_time){ 1234567890, 123456789 };
	want(call(c, set), 0);
	for (uint32_t fid = OPEN; fid <= PATH; fid++) {
		want(c_getattr(c, fid, &r), 0);
		want(r.attr.size, 2);
		want(r.attr.mode, S_IFREG | 0751);
		want(r.attr.mtime.sec, 1234567890);
		want(r.attr.mtime.nsec, 123456789);
	}
	set = (struct p9_msg)T(SETATTR, .fid = PATH, .mask = P9_SET_SIZE, .attr = { .size = 1 });
	want(call(c, set), 0); /* not opened at all */
	want_read(c, OPEN, "h");
	want(call(c, (struct p9_msg)T(FSYNC, .fid = OPEN)), 0);
	want(call(c, (struct p9_msg)T(FSYNC, .fid = OPEN, .datasync = 1)), 0);
	want(client_call(c, &lock, &r), 0);
	want(r.status, P9_LOCK_OK);
	want(call(c, (struct p9_msg)T(STATFS, .fid = PATH)), 0);
	want(c_walk(c, PATH, MORE, ""), 0);
	want(c_open(c, MORE, P9_O_RDWR | P9_O_TRUNC), 0);
	want_read(c, OPEN, "");
}

/* A directory that is gone under its fid. */
static void test_removed_directory(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->c;
	struct p9_msg r, list = T(READDIR, .fid = MORE, .count = 4096);

	take_fids(c);
	want(c_walk(c, E, MORE, ""), 0);
	want(c_open(c, MORE, P9_O_RDONLY), 0);
	want(unlink("d/e/deep"), 0);
	want(c_walk(c, ROOT, MORE + 1, "d"), 0);
	want(c_unlink(c, MORE + 1, "e", P9_REMOVEDIR), 0);
	want(c_getattr(c, E, &r), 0);
	want(c_mkdir(c, E, "x", 0755), ENOENT);
	want(c_walk(c, E, MORE + 2, ""), 0);
	want(c_create(c, MORE + 2, "x", P9_O_RDWR, 0644), ENOENT);
	want(c_walk(c, E, MORE + 3, "x"), ENOENT);
	want(client_call(c, &list, &r), ENOENT); /* as getdents(2) */
	want(remove_(c, E), ENOENT);
	want(c_clunk(c, E), EBADF);
}

/* ---- symbolic links ---- */

/* Whatever is done by a link's fid is done to the link, or not at all. */
static void test_nothing_follows_links(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->c;
	struct p9_msg r, set = T(SETATTR, .fid = 1, .attr = { .mode = 0777, .size = 0 });
	struct p9_msg xattr = T(XATTRCREATE, .fid = 3, .name = str_of("user.x"), .length = 0);
	struct stat before, after, st;
	int err;

	want(symlink("f", "to-f"), 0);
	want(stat("f", &before), 0);
	want(c_walk(c, ROOT, 1, "to-f"), 0);
	want(c_getattr(c, 1, &r), 0);
	want(r.attr.mode, S_IFLNK | 0777);
	want(r.attr.size, 1);
	want(r.qid.type, P9_QTSYMLINK);
	set.mask = P9_SET_MODE;
	want(call(c, set), EOPNOTSUPP);
	set.mask = P9_SET_SIZE;
	want(call(c, set), EINVAL);
	set.mask = P9_SET_MTIME | P9_SET_MTIME_SET | P9_SET_ATIME | P9_SET_ATIME_SET;
	set.attr.atime = (struct p9_time){ 1000000001, 1 };
	set.attr.mtime = (struct p9_time){ 1000000002, 2 };
	want(call(c, set), 0);
	want(lstat("to-f", &st), 0);
	want(st.st_mtim.tv_sec, 1000000002);
	want(st.st_mtim.tv_nsec, 2);
	set.mask = P9_SET_UID | P9_SET_GID;
	set.attr.uid = geteuid();
	set.attr.gid = getegid();
	want(call(c, set), 0);
	want(c_walk(c, ROOT, 3, "to-f"), 0);
	want(call(c, xattr), 0);
	err = c_clunk(c, 3);
	assert_true(err == EPERM || err == EOPNOTSUPP); /* links have no user.* */
	want(getxattr("f", "user.x", NULL, 0), -1);
	want(call(c, (struct p9_msg)T(LINK, .fid = ROOT, .newfid = 1, .name = str_of("to-f2"))), 0);
	want(lstat("to-f2", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	want(rename_(c, 1, ROOT, "renamed"), 0);
	want(remove_(c, 1), 0);
	want(lstat("renamed", &st), -1);
	want(stat("f", &after), 0);
	want(after.st_mode, before.st_mode);
	want(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	want(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
	want(after.st_nlink, 1);
}

static void test_owner_of_a_link(void **state)
{
	struct fixture *f = *state;
	struct p9_msg set = T(SETATTR, .fid = 1, .mask = P9_SET_UID, .attr = { .uid = 4242 });
	struct stat st;

	if (geteuid() != 0) {
		print_message("skipped: only root gives files away\n");
		skip();
	}
	want(symlink("f", "to-f"), 0);
	want(c_walk(&f->c, ROOT, 1, "to-f"), 0);
	want(call(&f->c, set), 0);
	want(lstat("to-f", &st), 0);
	want(st.st_uid, 4242);
	want(stat("f", &st), 0);
	want(st.st_uid, 0);
}

/* A target is any text of up to 4095 bytes. It comes back whole, or where the
 * message is too small for it, not at all. */
static void read_target(struct client *c, int len, uint32_t msize)
{
	struct p9_msg r, t = T(READLINK, .fid = 1);
	struct p9_msg wopen = T(WOPEN, .newfid = 2, .name_count = 1, .names = { str_of("long") });
	int err;

	want(c_version(c, "9P2000.W", msize), 0);
	want(c_attach(c, ROOT, geteuid()), 0);
	want(c_walk(c, ROOT, 1, "long"), 0);
	err = client_call(c, &t, &r); /* fails when the reply is larger than msize */
	want(err, P9_HEADER + 2 + len > (int)msize ? ENAMETOOLONG : 0);
	if (!err)
		want(r.target.len, len);
	err = client_call(c, &wopen, &r);
	want(err, 161 + len > (int)msize ? ENAMETOOLONG : 0);
	if (!err)
		want(r.target.len, len);
}

static void test_long_targets(void **state)
{
	static const int lengths[] = { 1, 255, 2047, 2048, 2049, 3935, 3936, 4087, 4088, 4095 };
	struct fixture *f = *state;
	char target[4096];

	for (size_t i = 0; i < array_len(lengths); i++) {
		memset(target, 'x', sizeof(target));
		target[lengths[i]] = '\0';
		want(symlink(target, "long"), 0);
		read_target(&f->c, lengths[i], 8192);
		read_target(&f->c, lengths[i], P9_MSIZE_MIN);
		want(unlink("long"), 0);
	}
	memset(target, 'x', sizeof(target));
	want(c_version(&f->c, "9P2000.L", 8192), 0);
	want(c_attach(&f->c, ROOT, geteuid()), 0);
	want(call(&f->c,
		  (struct p9_msg)T(SYMLINK, .name = str_of("n"), .target = { target, 4095 })),
	     0);
	want(call(&f->c,
		  (struct p9_msg)T(SYMLINK, .name = str_of("m"), .target = { target, 4096 })),
	     ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		session_test(test_renamed_under_fids), session_test(test_replaced_under_fids),
		session_test(test_hard_links),         session_test(test_unlinked_under_fids),
		session_test(test_removed_directory),  session_test(test_nothing_follows_links),
		session_test(test_owner_of_a_link),    session_test(test_long_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
