/* test_errors.c: whatever a file system says went wrong, the client is told,
 * unchanged; and nothing is lost, opened or kept by it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "lib/lib.h"
#include "p9d/test/client.h"
#include "p9d/test/direct.h"

static int failing; /* what the operations below fail with */

#define UNUSED __attribute__((unused))
#define FILE_IN UNUSED const struct tree_file *file
#define FAIL(type, name, ...)                                              \
	static type fail_##name(UNUSED struct filetree *tree, __VA_ARGS__) \
	{                                                                  \
		return -failing;                                           \
	}
FAIL(int, attach, UNUSED const char *path, UNUSED struct tree_file *out)
FAIL(int, walk, FILE_IN, UNUSED const char *name, UNUSED struct tree_file *out)
FAIL(int, walk_up, FILE_IN, UNUSED const struct tree_file *top, UNUSED struct tree_file *out)
FAIL(int, clone, FILE_IN, UNUSED struct tree_file *out)
FAIL(int, getattr, FILE_IN, UNUSED uint64_t mask, UNUSED struct p9_qid *q, UNUSED struct p9_attr *a)
FAIL(int, setattr, FILE_IN, UNUSED uint32_t valid, UNUSED const struct p9_attr *attr)
FAIL(int, statfs, FILE_IN, UNUSED struct p9_statfs *out)
FAIL(int, access, FILE_IN, UNUSED const struct tree_file *top, UNUSED uint32_t bits)
FAIL(ssize_t, readlink, FILE_IN, UNUSED char *buf, UNUSED size_t size)
FAIL(int, open, UNUSED struct tree_file *file, UNUSED uint32_t flags)
FAIL(int, create, FILE_IN, UNUSED const char *name, UNUSED const struct tree_create *how,
     UNUSED struct tree_file *out)
FAIL(ssize_t, read, FILE_IN, UNUSED void *buf, UNUSED size_t count, UNUSED uint64_t offset)
FAIL(ssize_t, write, FILE_IN, UNUSED const void *buf, UNUSED size_t count, UNUSED uint64_t offset)
FAIL(int, sync, FILE_IN, UNUSED bool data_only)
FAIL(int, readdir, UNUSED struct tree_file *dir, UNUSED uint64_t offset,
     UNUSED struct tree_listing *listing)
FAIL(int, lookup, FILE_IN, UNUSED const char *name, UNUSED struct p9_qid *q,
     UNUSED struct p9_attr *a)
FAIL(int, make, FILE_IN, UNUSED const char *name, UNUSED const struct tree_create *how)
FAIL(int, symlink, FILE_IN, UNUSED const char *name, UNUSED const char *target,
     UNUSED const struct tree_create *how)
FAIL(int, link, FILE_IN, UNUSED const struct tree_file *dir, UNUSED const char *name)
FAIL(int, unlink, FILE_IN, UNUSED const char *name, UNUSED bool is_dir)
FAIL(int, rename, UNUSED const struct tree_rename *how)
FAIL(int, seek, FILE_IN, UNUSED uint64_t *offset, UNUSED bool hole)
FAIL(int, locate, FILE_IN, UNUSED const struct tree_file *top, UNUSED struct tree_file *dir,
     UNUSED char name[P9_NAME_MAX + 1])
FAIL(ssize_t, getxattr, FILE_IN, UNUSED const char *name, UNUSED void *buf, UNUSED size_t size)
FAIL(int, setxattr, FILE_IN, UNUSED const struct xattr *xattr)
FAIL(int, removexattr, FILE_IN, UNUSED const char *name)
FAIL(int, lock_open, FILE_IN, UNUSED bool write)
FAIL(int, lock_copy, UNUSED int from, UNUSED int to)
FAIL(int, lock, UNUSED int owner, UNUSED const struct tree_lock *lock)
FAIL(int, lock_test, UNUSED int owner, UNUSED struct tree_lock *lock)
FAIL(int, become, UNUSED const struct user *user)

static const struct tree_ops *good;

/* Lets go of the file, and finds that what was written could not be kept. */
static int fail_close(struct filetree *tree, struct tree_file *file)
{
	bool was_open = file->data >= 0;

	good->close(tree, file);
	return was_open ? -failing : 0;
}

static const struct tree_ops bad = {
	.attach = fail_attach,
	.walk = fail_walk,
	.walk_up = fail_walk_up,
	.clone = fail_clone,
	.close = fail_close,
	.getattr = fail_getattr,
	.setattr = fail_setattr,
	.statfs = fail_statfs,
	.access = fail_access,
	.readlink = fail_readlink,
	.open = fail_open,
	.create = fail_create,
	.read = fail_read,
	.write = fail_write,
	.sync = fail_sync,
	.readdir = fail_readdir,
	.lookup = fail_lookup,
	.mkdir = fail_make,
	.mknod = fail_make,
	.symlink = fail_symlink,
	.link = fail_link,
	.unlink = fail_unlink,
	.rename = fail_rename,
	.seek = fail_seek,
	.locate = fail_locate,
	.getxattr = fail_getxattr,
	.setxattr = fail_setxattr,
	.removexattr = fail_removexattr,
	.lock_open = fail_lock_open,
	.lock_copy = fail_lock_copy,
	.lock = fail_lock,
	.lock_test = fail_lock_test,
	.become = fail_become,
};

enum { TOP, DIR, PLAIN, LINK, OPENED, LISTING, XSET, XREMOVE, NEW };

#define T(type_, ...)                            \
	{                                        \
		.type = P9_T##type_, __VA_ARGS__ \
	}
#define NAME(text)                       \
	{                                \
		(text), sizeof(text) - 1 \
	}
#define OP(name) offsetof(struct tree_ops, name)

/* Which operation fails, under which request. */
static const struct {
	const char *op;
	size_t offset;
	struct p9_msg t;
} cases[] = {
	{ "attach", OP(attach), T(ATTACH, .fid = NEW, .newfid = P9_NOFID) },
	{ "become", OP(become), T(ATTACH, .fid = NEW, .newfid = P9_NOFID) },
	{ "clone", OP(clone), T(ATTACH, .fid = NEW, .newfid = P9_NOFID) },
	{ "walk", OP(walk), T(WALK, .newfid = NEW, .name_count = 1, .names = { NAME("d") }) },
	{ "walk_up", OP(walk_up),
	  T(WALK, .fid = DIR, .newfid = NEW, .name_count = 1, .names = { NAME("..") }) },
	{ "clone", OP(clone), T(WALK, .fid = DIR, .newfid = NEW) },
	{ "clone", OP(clone),
	  T(WALK, .fid = DIR, .newfid = NEW, .name_count = 1, .names = { NAME(".") }) },
	{ "getattr", OP(getattr), T(GETATTR, .fid = PLAIN) },
	{ "setattr", OP(setattr), T(SETATTR, .fid = PLAIN, .mask = P9_SET_MODE) },
	{ "statfs", OP(statfs), T(STATFS, .fid = PLAIN) },
	{ "access", OP(access), T(ACCESS, .fid = PLAIN) },
	{ "readlink", OP(readlink), T(READLINK, .fid = LINK) },
	{ "open", OP(open), T(LOPEN, .fid = PLAIN) },
	{ "create", OP(create), T(LCREATE, .fid = DIR, .name = NAME("n"), .flags = P9_O_RDWR) },
	{ "read", OP(read), T(READ, .fid = OPENED, .count = 10) },
	{ "write", OP(write), T(WRITE, .fid = OPENED, .count = 1, .data = (const uint8_t *)"x") },
	{ "sync", OP(sync), T(FSYNC, .fid = OPENED) },
	{ "readdir", OP(readdir), T(READDIR, .fid = LISTING, .count = 1000) },
	{ "readdir", OP(readdir), T(WREADDIR, .fid = LISTING, .count = 1000) },
	{ "mkdir", OP(mkdir), T(MKDIR, .fid = DIR, .name = NAME("n")) },
	{ "lookup", OP(lookup), T(MKDIR, .fid = DIR, .name = NAME("n")) },
	{ "mknod", OP(mknod), T(MKNOD, .fid = DIR, .name = NAME("n"), .mode = S_IFIFO) },
	{ "symlink", OP(symlink), T(SYMLINK, .fid = DIR, .name = NAME("n"), .target = NAME("t")) },
	{ "link", OP(link), T(LINK, .fid = DIR, .newfid = PLAIN, .name = NAME("n")) },
	{ "unlink", OP(unlink), T(UNLINKAT, .fid = TOP, .name = NAME("f")) },
	{ "rename", OP(rename),
	  T(RENAMEAT, .fid = TOP, .newfid = DIR, .name = NAME("f"), .target = NAME("n")) },
	{ "rename", OP(rename), T(RENAME, .fid = PLAIN, .newfid = DIR, .name = NAME("n")) },
	{ "locate", OP(locate), T(RENAME, .fid = PLAIN, .newfid = DIR, .name = NAME("n")) },
	{ "locate", OP(locate), T(REMOVE, .fid = PLAIN) },
	{ "unlink", OP(unlink), T(REMOVE, .fid = PLAIN) },
	{ "close", OP(close), T(CLUNK, .fid = OPENED) },
	{ "getxattr", OP(getxattr), T(XATTRWALK, .fid = PLAIN, .newfid = NEW) },
	{ "setxattr", OP(setxattr), T(CLUNK, .fid = XSET) },
	{ "removexattr", OP(removexattr), T(CLUNK, .fid = XREMOVE) },
	{ "lock_open", OP(lock_open), T(GETLOCK, .fid = OPENED, .name = NAME("host")) },
	{ "lock_test", OP(lock_test), T(GETLOCK, .fid = OPENED, .name = NAME("host")) },
	{ "clone", OP(clone), T(WOPEN, .fid = PLAIN, .newfid = NEW) },
	{ "open", OP(open), T(WOPEN, .fid = PLAIN, .newfid = NEW) },
	{ "getattr", OP(getattr), T(WOPEN, .fid = PLAIN, .newfid = NEW) },
	{ "walk", OP(walk), T(WOPEN, .newfid = NEW, .name_count = 1, .names = { NAME("f") }) },
	{ "create", OP(create),
	  T(WOPEN, .newfid = NEW, .flags = P9_O_CREAT, .name_count = 1, .names = { NAME("n") }) },
	{ "mkdir", OP(mkdir),
	  T(WOPEN, .newfid = NEW, .flags = P9_O_CREAT | P9_O_DIRECTORY, .name_count = 1,
	    .names = { NAME("n") }) },
	{ "access", OP(access), T(WOPEN, .fid = PLAIN, .newfid = NEW, .wflags = P9_WOPEN_DELETE) },
};

static void walk_to(struct direct *d, uint32_t newfid, const char *name)
{
	struct p9_msg t = T(WALK, .newfid = newfid, .name_count = 1, .names = { str_of(name) });

	want(direct_call(d, &t), 0);
}

static void prepare(struct direct *d)
{
	static const struct p9_msg then[] = {
		T(LOPEN, .fid = OPENED, .flags = P9_O_RDWR),
		T(LOPEN, .fid = LISTING),
		T(XATTRCREATE, .fid = XSET, .name = NAME("user.x")),
		T(XATTRCREATE, .fid = XREMOVE, .name = NAME("user.x"), .flags = 2),
	};
	struct p9_msg attach = T(ATTACH, .fid = TOP, .newfid = P9_NOFID);

	want(direct_init(d, "9P2000.W"), 0);
	want(direct_call(d, &attach), 0);
	walk_to(d, DIR, "d");
	walk_to(d, PLAIN, "f");
	walk_to(d, LINK, "l");
	walk_to(d, OPENED, "f");
	walk_to(d, LISTING, "d");
	walk_to(d, XSET, "f");
	walk_to(d, XREMOVE, "f");
	for (size_t i = 0; i < array_len(then); i++)
		want(direct_call(d, &then[i]), 0);
}

/* The good operations, but one. */
static struct tree_ops with_one_bad(size_t offset)
{
	struct tree_ops ops = *good;

	memcpy((char *)&ops + offset, (const char *)&bad + offset, sizeof(void (*)(void)));
	return ops;
}

static void run_case(size_t i)
{
	static struct direct d;
	const struct p9_msg *t = &cases[i].t;
	bool ends = t->type == P9_TCLUNK || t->type == P9_TREMOVE;
	struct p9_msg clunk = T(CLUNK, .fid = NEW);
	struct tree_ops ops;
	unsigned held;
	int got;

	prepare(&d);
	good = d.tree.tree.ops;
	ops = with_one_bad(cases[i].offset);
	held = d.tree.held;
	d.tree.tree.ops = &ops;
	got = direct_call(&d, t);
	d.tree.tree.ops = good;
	if (got != failing)
		fail_msg("%s under %s: %d, want %d", cases[i].op, p9_type_name(t->type), got,
			 failing);
	if (!ends && d.tree.held != held)
		fail_msg("%s under %s: %u handles, were %u", cases[i].op, p9_type_name(t->type),
			 d.tree.held, held);
	want(direct_call(&d, &clunk), EBADF); /* nothing was made */
	clunk.fid = t->fid;
	if (t->fid != NEW)
		want(direct_call(&d, &clunk), ends ? EBADF : 0);
	direct_fini(&d);
}

static void test_every_error_arrives(void **state)
{
	static const int errors[] = { ENOSPC, EIO,    EDQUOT, EROFS,  EPERM,     EACCES,
				      ENOMEM, ESTALE, EFBIG,  ENXIO,  ETXTBSY,   EBUSY,
				      EMFILE, ENFILE, EMLINK, ENODEV, ETIMEDOUT, EHWPOISON };

	(void)state;
	for (size_t e = 0; e < array_len(errors); e++) {
		failing = errors[e];
		for (size_t i = 0; i < array_len(cases); i++)
			run_case(i);
	}
	print_message("%zu operations failed\n", array_len(errors) * array_len(cases));
}

/* Tlock has a word of its own for what went wrong. */
static void test_lock_errors(void **state)
{
	static const struct {
		size_t offset;
		int error;
		uint8_t status;
	} locks[] = {
		{ OP(lock_open), EMFILE, P9_LOCK_ERROR }, { OP(lock), ENOLCK, P9_LOCK_ERROR },
		{ OP(lock), EIO, P9_LOCK_ERROR },         { OP(lock), EDEADLK, P9_LOCK_ERROR },
		{ OP(lock), EAGAIN, P9_LOCK_BLOCKED },
	};
	static struct direct d;

	(void)state;
	for (size_t i = 0; i < array_len(locks); i++) {
		struct p9_msg t = T(LOCK, .fid = OPENED, .name = NAME("host"));
		struct tree_ops ops;

		prepare(&d);
		good = d.tree.tree.ops;
		ops = with_one_bad(locks[i].offset);
		failing = locks[i].error;
		d.tree.tree.ops = &ops;
		want(direct_call(&d, &t), 0);
		want(d.r.status, locks[i].status);
		d.tree.tree.ops = good;
		want(direct_call(&d, &t), 0);
		want(d.r.status, P9_LOCK_OK);
		direct_fini(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_error_arrives),
		cmocka_unit_test(test_lock_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
