/* test_message.c: each request on each kind of fid, with each bad name, and
 * with numbers at their ends: which error, and nothing is changed by it. */
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

/* One fid of each kind. */
enum {
	DIR = 1,  /* d */
	PLAIN,    /* f */
	LINK,     /* link, to d */
	FIFO,     /* fifo */
	READING,  /* f, opened */
	WRITING,  /* f, opened */
	LISTING,  /* d, opened */
	XREADING, /* the list of f's extended attributes */
	XWRITING, /* user.x of f, one byte expected */
	KINDS,
	UNUSED = 99,
};

static const struct {
	const char *path;
	int open; /* flags, or -1 */
} kinds[KINDS] = {
	[DIR] = { "d", -1 },
	[PLAIN] = { "f", -1 },
	[LINK] = { "link", -1 },
	[FIFO] = { "fifo", -1 },
	[READING] = { "f", P9_O_RDONLY },
	[WRITING] = { "f", P9_O_WRONLY },
	[LISTING] = { "d", P9_O_RDONLY },
	[XWRITING] = { "f", -1 },
};

static void make_fids(struct client *c, const char *dialect)
{
	struct p9_msg r, xread = { .type = P9_TXATTRWALK, .fid = PLAIN, .newfid = XREADING };
	struct p9_msg xwrite = {
		.type = P9_TXATTRCREATE, .fid = XWRITING, .name = str_of("user.x"), .length = 1
	};

	want(c_version(c, dialect, 8192), 0);
	want(c_attach(c, ROOT, geteuid()), 0);
	for (uint32_t fid = DIR; fid < KINDS; fid++) {
		if (kinds[fid].path)
			want(c_walk(c, ROOT, fid, kinds[fid].path), 0);
		if (kinds[fid].path && kinds[fid].open >= 0)
			want(c_open(c, fid, (uint32_t)kinds[fid].open), 0);
	}
	want(client_call(c, &xread, &r), 0);
	want(client_call(c, &xwrite, &r), 0);
}

/* All fids are what they were. */
static void want_fids(struct client *c, const char *what)
{
	char byte;

	for (uint32_t fid = ROOT; fid < KINDS; fid++) {
		struct p9_msg r;
		int err = c_getattr(c, fid, &r);

		if (err != (fid == XREADING ? EBADF : 0))
			fail_msg("%s: fid %u afterwards: %d", what, fid, err);
	}
	want(c_read(c, READING, 0, &byte, 1), 1);
	want(c_write(c, WRITING, 0, "h", 1), 1);
	want(c_read(c, XREADING, 60000, &byte, 1), 0);
	want(c_walk(c, XWRITING, UNUSED, ""), EBADF);
	want(c_clunk(c, UNUSED), EBADF);
}

struct wrong {
	const char *what;
	struct p9_msg t;
	int error;
};

static void run_wrong(struct client *c, const struct wrong *cases, size_t count)
{
	unsigned bad = 0;

	for (size_t i = 0; i < count; i++) {
		struct p9_msg t = cases[i].t, r;
		int err = client_call(c, &t, &r);

		want_fids(c, cases[i].what);
		if (err == cases[i].error)
			continue;
		print_error("%s %s: error %d, want %d\n", p9_type_name(t.type), cases[i].what, err,
			    cases[i].error);
		bad++;
	}
	print_message("%zu messages refused\n", count);
	want(bad, 0);
}

#define NAME(text)                       \
	{                                \
		(text), sizeof(text) - 1 \
	}
#define T(type_, ...)                            \
	{                                        \
		.type = P9_T##type_, __VA_ARGS__ \
	}

static const struct wrong on_fids[] = {
	{ "not the peer", T(ATTACH, .fid = UNUSED, .newfid = P9_NOFID, .uid = P9_NOUID - 1),
	  EPERM },
	{ "fid in use", T(ATTACH, .fid = DIR, .newfid = P9_NOFID, .uid = P9_NOUID), EBADF },
	{ "NOFID", T(ATTACH, .fid = P9_NOFID, .newfid = P9_NOFID, .uid = P9_NOUID), EBADF },
	{ "an afid", T(ATTACH, .fid = UNUSED, .newfid = DIR, .uid = P9_NOUID), EBADF },
	{ "any", T(AUTH, .fid = UNUSED), ENOENT },

	{ "newfid in use", T(WALK, .fid = DIR, .newfid = PLAIN), EBADF },
	{ "newfid in use, names",
	  T(WALK, .fid = DIR, .newfid = PLAIN, .name_count = 1, .names = { NAME("e") }), EBADF },
	{ "newfid NOFID", T(WALK, .fid = DIR, .newfid = P9_NOFID), EBADF },
	{ "no fid", T(WALK, .fid = UNUSED, .newfid = 98), EBADF },
	{ "NOFID", T(WALK, .fid = P9_NOFID, .newfid = UNUSED), EBADF },
	{ "xattr read", T(WALK, .fid = XREADING, .newfid = UNUSED), EBADF },
	{ "xattr write", T(WALK, .fid = XWRITING, .newfid = UNUSED), EBADF },
	{ "from a file",
	  T(WALK, .fid = PLAIN, .newfid = UNUSED, .name_count = 1, .names = { NAME("x") }),
	  ENOTDIR },
	{ "from a file, dot",
	  T(WALK, .fid = PLAIN, .newfid = UNUSED, .name_count = 1, .names = { NAME(".") }),
	  ENOTDIR },
	{ "from a file, dots",
	  T(WALK, .fid = PLAIN, .newfid = UNUSED, .name_count = 1, .names = { NAME("..") }),
	  ENOTDIR },
	{ "from a link",
	  T(WALK, .fid = LINK, .newfid = UNUSED, .name_count = 1, .names = { NAME("e") }),
	  ENOTDIR },
	{ "from a pipe",
	  T(WALK, .fid = FIFO, .newfid = UNUSED, .name_count = 1, .names = { NAME("e") }),
	  ENOTDIR },
	{ "missing",
	  T(WALK, .fid = DIR, .newfid = UNUSED, .name_count = 1, .names = { NAME("no") }), ENOENT },
	{ "onto an open fid",
	  T(WALK, .fid = LISTING, .newfid = LISTING, .name_count = 1, .names = { NAME("e") }),
	  EBADF },

	{ "twice", T(LOPEN, .fid = READING), EBADF },
	{ "xattr read", T(LOPEN, .fid = XREADING), EBADF },
	{ "xattr write", T(LOPEN, .fid = XWRITING), EBADF },
	{ "a link", T(LOPEN, .fid = LINK), ELOOP },
	{ "a link, NOFOLLOW", T(LOPEN, .fid = LINK, .flags = P9_O_NOFOLLOW), ELOOP },
	{ "a pipe", T(LOPEN, .fid = FIFO), ENXIO },
	{ "a pipe to write", T(LOPEN, .fid = FIFO, .flags = P9_O_WRONLY), ENXIO },
	{ "a directory to write", T(LOPEN, .fid = DIR, .flags = P9_O_WRONLY), EISDIR },
	{ "a directory, both", T(LOPEN, .fid = DIR, .flags = P9_O_RDWR), EISDIR },
	{ "a directory, mode 3", T(LOPEN, .fid = DIR, .flags = 3), EISDIR },
	{ "a directory to empty", T(LOPEN, .fid = DIR, .flags = P9_O_TRUNC), EISDIR },
	{ "a file as directory", T(LOPEN, .fid = PLAIN, .flags = P9_O_DIRECTORY), ENOTDIR },

	{ "in a file", T(LCREATE, .fid = PLAIN, .name = NAME("n")), ENOTDIR },
	{ "in a link", T(LCREATE, .fid = LINK, .name = NAME("n")), ENOTDIR },
	{ "in an open directory", T(LCREATE, .fid = LISTING, .name = NAME("n")), EBADF },
	{ "on an open file", T(LCREATE, .fid = READING, .name = NAME("n")), EBADF },
	{ "xattr write", T(LCREATE, .fid = XWRITING, .name = NAME("n")), EBADF },
	{ "over a directory", T(LCREATE, .fid = DIR, .name = NAME("e"), .flags = P9_O_RDWR),
	  EISDIR },
	{ "over a link", T(LCREATE, .fid = ROOT, .name = NAME("link"), .flags = P9_O_RDWR), ELOOP },
	{ "over a link, exclusively",
	  T(LCREATE, .fid = ROOT, .name = NAME("link"), .flags = P9_O_EXCL), EEXIST },
	{ "over a loop", T(LCREATE, .fid = ROOT, .name = NAME("loop"), .flags = P9_O_RDWR), ELOOP },
	{ "over a pipe", T(LCREATE, .fid = ROOT, .name = NAME("fifo"), .flags = P9_O_RDWR), ENXIO },
	{ "exclusively", T(LCREATE, .fid = ROOT, .name = NAME("f"), .flags = P9_O_EXCL), EEXIST },

	{ "in a file", T(SYMLINK, .fid = PLAIN, .name = NAME("n"), .target = NAME("t")), ENOTDIR },
	{ "over a file", T(SYMLINK, .fid = ROOT, .name = NAME("f"), .target = NAME("t")), EEXIST },
	{ "to nothing", T(SYMLINK, .fid = DIR, .name = NAME("n")), ENOENT },
	{ "to a NUL", T(SYMLINK, .fid = DIR, .name = NAME("n"), .target = NAME("a\0b")), EINVAL },
	{ "in a file", T(MKNOD, .fid = PLAIN, .name = NAME("n"), .mode = S_IFIFO), ENOTDIR },
	{ "over a file", T(MKNOD, .fid = ROOT, .name = NAME("f"), .mode = S_IFIFO), EEXIST },
	{ "a directory", T(MKNOD, .fid = DIR, .name = NAME("n"), .mode = S_IFDIR), EPERM },
	{ "a link", T(MKNOD, .fid = DIR, .name = NAME("n"), .mode = S_IFLNK), EINVAL },
	{ "of no type", T(MKNOD, .fid = DIR, .name = NAME("n"), .mode = 0170000), EINVAL },
	{ "of all types", T(MKNOD, .fid = DIR, .name = NAME("n"), .mode = 0xffffffff), EINVAL },
	{ "in a file", T(MKDIR, .fid = PLAIN, .name = NAME("n")), ENOTDIR },
	{ "over a file", T(MKDIR, .fid = ROOT, .name = NAME("f")), EEXIST },
	{ "over a link", T(MKDIR, .fid = ROOT, .name = NAME("link")), EEXIST },
	{ "in an xattr", T(MKDIR, .fid = XREADING, .name = NAME("n")), EBADF },

	{ "in a file", T(LINK, .fid = PLAIN, .newfid = PLAIN, .name = NAME("n")), ENOTDIR },
	{ "over a file", T(LINK, .fid = ROOT, .newfid = PLAIN, .name = NAME("f")), EEXIST },
	{ "of a directory", T(LINK, .fid = ROOT, .newfid = DIR, .name = NAME("n")), EPERM },
	{ "of no fid", T(LINK, .fid = ROOT, .newfid = UNUSED, .name = NAME("n")), EBADF },
	{ "of an xattr", T(LINK, .fid = ROOT, .newfid = XREADING, .name = NAME("n")), EBADF },
	{ "into itself", T(RENAME, .fid = DIR, .newfid = DIR, .name = NAME("n")), EINVAL },
	{ "into a file", T(RENAME, .fid = PLAIN, .newfid = PLAIN, .name = NAME("n")), ENOTDIR },
	{ "into no fid", T(RENAME, .fid = PLAIN, .newfid = UNUSED, .name = NAME("n")), EBADF },
	{ "of the root", T(RENAME, .fid = ROOT, .newfid = ROOT, .name = NAME("n")), EBUSY },
	{ "of an xattr", T(RENAME, .fid = XREADING, .newfid = DIR, .name = NAME("n")), EBADF },
	{ "a file over a directory", T(RENAME, .fid = PLAIN, .newfid = ROOT, .name = NAME("d")),
	  EISDIR },
	{ "a directory over a file", T(RENAME, .fid = DIR, .newfid = ROOT, .name = NAME("f")),
	  ENOTDIR },
	{ "from a file",
	  T(RENAMEAT, .fid = PLAIN, .name = NAME("a"), .newfid = DIR, .target = NAME("n")),
	  ENOTDIR },
	{ "to a file",
	  T(RENAMEAT, .fid = ROOT, .name = NAME("f"), .newfid = PLAIN, .target = NAME("n")),
	  ENOTDIR },
	{ "to no fid",
	  T(RENAMEAT, .fid = ROOT, .name = NAME("f"), .newfid = UNUSED, .target = NAME("n")),
	  EBADF },
	{ "missing",
	  T(RENAMEAT, .fid = ROOT, .name = NAME("no"), .newfid = DIR, .target = NAME("n")),
	  ENOENT },
	{ "into itself",
	  T(RENAMEAT, .fid = ROOT, .name = NAME("d"), .newfid = DIR, .target = NAME("n")), EINVAL },
	{ "over a full directory",
	  T(RENAMEAT, .fid = DIR, .name = NAME("e"), .newfid = ROOT, .target = NAME("d")),
	  ENOTEMPTY },
	{ "in a file", T(UNLINKAT, .fid = PLAIN, .name = NAME("n")), ENOTDIR },
	{ "missing", T(UNLINKAT, .fid = DIR, .name = NAME("no")), ENOENT },
	{ "a directory as file", T(UNLINKAT, .fid = ROOT, .name = NAME("d")), EISDIR },
	{ "a file as directory", T(UNLINKAT, .fid = ROOT, .name = NAME("f"), .flags = P9_REMOVEDIR),
	  ENOTDIR },
	{ "a link as directory",
	  T(UNLINKAT, .fid = ROOT, .name = NAME("link"), .flags = P9_REMOVEDIR), ENOTDIR },
	{ "a full directory", T(UNLINKAT, .fid = ROOT, .name = NAME("d"), .flags = P9_REMOVEDIR),
	  ENOTEMPTY },
	{ "odd flags", T(UNLINKAT, .fid = ROOT, .name = NAME("f"), .flags = 0x400), EINVAL },
	{ "all flags", T(UNLINKAT, .fid = ROOT, .name = NAME("f"), .flags = 0xffffffff), EINVAL },

	{ "of a file", T(READLINK, .fid = PLAIN), EINVAL },
	{ "of a directory", T(READLINK, .fid = DIR), EINVAL },
	{ "of an xattr", T(READLINK, .fid = XREADING), EBADF },
	{ "of an xattr", T(GETATTR, .fid = XREADING, .mask = P9_ATTR_BASIC), EBADF },
	{ "of an xattr", T(STATFS, .fid = XREADING), EBADF },
	{ "of an xattr, mode", T(SETATTR, .fid = XREADING, .mask = P9_SET_MODE), EBADF },
	{ "of an xattr, size", T(SETATTR, .fid = XREADING, .mask = P9_SET_SIZE), EBADF },
	{ "of an xattr, times", T(SETATTR, .fid = XREADING, .mask = P9_SET_MTIME), EBADF },
	{ "unknown bit", T(SETATTR, .fid = PLAIN, .mask = 0x200), EINVAL },
	{ "all bits", T(SETATTR, .fid = PLAIN, .mask = 0xffffffff), EINVAL },
	{ "size of a directory", T(SETATTR, .fid = DIR, .mask = P9_SET_SIZE), EISDIR },
	{ "size of a link", T(SETATTR, .fid = LINK, .mask = P9_SET_SIZE), EINVAL },
	{ "size of a pipe", T(SETATTR, .fid = FIFO, .mask = P9_SET_SIZE), EINVAL },
	{ "mode of a link", T(SETATTR, .fid = LINK, .mask = P9_SET_MODE, .attr = { .mode = 0777 }),
	  EOPNOTSUPP },
	{ "size 2^63",
	  T(SETATTR, .fid = PLAIN, .mask = P9_SET_SIZE, .attr = { .size = 1ull << 63 }), EFBIG },
	{ "size 2^64-1",
	  T(SETATTR, .fid = PLAIN, .mask = P9_SET_SIZE, .attr = { .size = UINT64_MAX }), EFBIG },
	{ "10^9 ns",
	  T(SETATTR, .fid = PLAIN, .mask = P9_SET_ATIME | P9_SET_ATIME_SET,
	    .attr = { .atime = { 1, 1000000000 } }),
	  EINVAL },
	{ "2^64-1 ns",
	  T(SETATTR, .fid = PLAIN, .mask = P9_SET_MTIME | P9_SET_MTIME_SET,
	    .attr = { .mtime = { 1, UINT64_MAX } }),
	  EINVAL },
	{ "2^32 + 1 ns",
	  T(SETATTR, .fid = PLAIN, .mask = P9_SET_MTIME | P9_SET_MTIME_SET,
	    .attr = { .mtime = { 1, (1ull << 32) + 1 } }),
	  EINVAL },

	{ "not open", T(READ, .fid = PLAIN, .count = 1), EBADF },
	{ "for writing", T(READ, .fid = WRITING, .count = 1), EBADF },
	{ "of a directory", T(READ, .fid = LISTING, .count = 1), EISDIR },
	{ "of an xattr to write", T(READ, .fid = XWRITING, .count = 1), EBADF },
	{ "at 2^63", T(READ, .fid = READING, .offset = 1ull << 63, .count = 1), EINVAL },
	{ "at 2^64-1", T(READ, .fid = READING, .offset = UINT64_MAX, .count = 1), EINVAL },
	{ "over 2^63", T(READ, .fid = READING, .offset = INT64_MAX, .count = 100), EINVAL },
	{ "not open", T(WRITE, .fid = PLAIN, .count = 1, .data = (const uint8_t *)"x"), EBADF },
	{ "for reading", T(WRITE, .fid = READING, .count = 1, .data = (const uint8_t *)"x"),
	  EBADF },
	{ "nothing, for reading", T(WRITE, .fid = READING), EBADF },
	{ "to a directory", T(WRITE, .fid = LISTING, .count = 1, .data = (const uint8_t *)"x"),
	  EBADF },
	{ "to an xattr to read",
	  T(WRITE, .fid = XREADING, .count = 1, .data = (const uint8_t *)"x"), EBADF },
	{ "at 2^63",
	  T(WRITE, .fid = WRITING, .offset = 1ull << 63, .count = 1, .data = (const uint8_t *)"x"),
	  EFBIG },
	{ "at 2^64-1",
	  T(WRITE, .fid = WRITING, .offset = UINT64_MAX, .count = 1, .data = (const uint8_t *)"x"),
	  EFBIG },
	{ "at 2^63-1",
	  T(WRITE, .fid = WRITING, .offset = INT64_MAX, .count = 1, .data = (const uint8_t *)"x"),
	  EINVAL },
	{ "not open", T(READDIR, .fid = DIR, .count = 4096), EBADF },
	{ "of a file", T(READDIR, .fid = READING, .count = 4096), ENOTDIR },
	{ "no count", T(READDIR, .fid = LISTING), EINVAL },
	{ "too small a count", T(READDIR, .fid = LISTING, .count = 24), EINVAL },
	{ "at 2^63", T(READDIR, .fid = LISTING, .offset = 1ull << 63, .count = 4096), EINVAL },
	{ "not open", T(FSYNC, .fid = PLAIN), EBADF },
	{ "of an xattr", T(FSYNC, .fid = XREADING), EBADF },

	{ "newfid in use", T(XATTRWALK, .fid = PLAIN, .newfid = DIR), EBADF },
	{ "newfid is fid", T(XATTRWALK, .fid = PLAIN, .newfid = PLAIN), EBADF },
	{ "newfid NOFID", T(XATTRWALK, .fid = PLAIN, .newfid = P9_NOFID), EBADF },
	{ "of an xattr", T(XATTRWALK, .fid = XREADING, .newfid = UNUSED), EBADF },
	{ "missing", T(XATTRWALK, .fid = PLAIN, .newfid = UNUSED, .name = NAME("user.no")),
	  ENODATA },
	{ "of no namespace", T(XATTRWALK, .fid = PLAIN, .newfid = UNUSED, .name = NAME("odd.no")),
	  EOPNOTSUPP },
	{ "with a NUL", T(XATTRWALK, .fid = PLAIN, .newfid = UNUSED, .name = NAME("user.\0")),
	  EINVAL },
	{ "without a name", T(XATTRCREATE, .fid = PLAIN, .length = 1), EINVAL },
	{ "with a NUL", T(XATTRCREATE, .fid = PLAIN, .name = NAME("user\0x"), .length = 1),
	  EINVAL },
	{ "64 KiB and 1", T(XATTRCREATE, .fid = PLAIN, .name = NAME("user.x"), .length = 65537),
	  E2BIG },
	{ "2^63", T(XATTRCREATE, .fid = PLAIN, .name = NAME("user.x"), .length = 1ull << 63),
	  E2BIG },
	{ "2^64-1", T(XATTRCREATE, .fid = PLAIN, .name = NAME("user.x"), .length = UINT64_MAX),
	  E2BIG },
	{ "odd flags",
	  T(XATTRCREATE, .fid = PLAIN, .name = NAME("user.x"), .length = 1, .flags = 4), EINVAL },
	{ "on an open fid", T(XATTRCREATE, .fid = READING, .name = NAME("user.x"), .length = 1),
	  EBADF },
	{ "on an xattr", T(XATTRCREATE, .fid = XREADING, .name = NAME("user.x"), .length = 1),
	  EBADF },
	{ "twice", T(XATTRCREATE, .fid = XWRITING, .name = NAME("user.x"), .length = 1), EBADF },

	{ "not open", T(LOCK, .fid = PLAIN), EBADF },
	{ "of a directory", T(LOCK, .fid = LISTING), EBADF },
	{ "of no type", T(LOCK, .fid = READING, .lock_type = 3), EINVAL },
	{ "of any type", T(LOCK, .fid = READING, .lock_type = 255), EINVAL },
	{ "not open", T(GETLOCK, .fid = PLAIN), EBADF },
	{ "of no type", T(GETLOCK, .fid = READING, .lock_type = 3), EINVAL },
	{ "beyond the end", T(GETLOCK, .fid = READING, .offset = 1ull << 63, .length = 1), EINVAL },
	{ "over the end", T(GETLOCK, .fid = READING, .offset = INT64_MAX, .length = 2), EOVERFLOW },
	{ "no fid", T(CLUNK, .fid = UNUSED), EBADF },
	{ "NOFID", T(CLUNK, .fid = P9_NOFID), EBADF },
	{ "no fid", T(REMOVE, .fid = UNUSED), EBADF },
};

static const struct wrong on_fids_w[] = {
	{ "newfid in use", T(WOPEN, .fid = DIR, .newfid = PLAIN), EBADF },
	{ "newfid is fid", T(WOPEN, .fid = DIR, .newfid = DIR), EBADF },
	{ "newfid NOFID", T(WOPEN, .fid = DIR, .newfid = P9_NOFID), EBADF },
	{ "xattr", T(WOPEN, .fid = XREADING, .newfid = UNUSED), EBADF },
	{ "a pipe", T(WOPEN, .fid = FIFO, .newfid = UNUSED), ENXIO },
	{ "dots", T(WOPEN, .fid = DIR, .newfid = UNUSED, .name_count = 1, .names = { NAME("..") }),
	  EINVAL },
	{ "over a file",
	  T(WOPEN, .fid = ROOT, .newfid = UNUSED, .flags = P9_O_CREAT | P9_O_EXCL, .name_count = 1,
	    .names = { NAME("f") }),
	  EEXIST },
	{ "a directory over a file",
	  T(WOPEN, .fid = ROOT, .newfid = UNUSED, .flags = P9_O_CREAT | P9_O_DIRECTORY,
	    .name_count = 1, .names = { NAME("f") }),
	  ENOTDIR },
	{ "no directory",
	  T(WOPEN, .fid = ROOT, .newfid = UNUSED, .wflags = P9_WOPEN_NOT_DIR, .name_count = 1,
	    .names = { NAME("d") }),
	  EISDIR },
	{ "xattr", T(ACCESS, .fid = XREADING, .flags = P9_ACCESS_READ), EBADF },
	{ "no fid", T(ACCESS, .fid = UNUSED), EBADF },
	{ "may not", T(ACCESS, .fid = PLAIN, .flags = P9_ACCESS_EXEC), EACCES },
	{ "the root's deletion", T(ACCESS, .fid = ROOT, .flags = P9_ACCESS_DELETE), EBUSY },
	{ "not open", T(WREADDIR, .fid = DIR, .count = 4096), EBADF },
	{ "of a file", T(WREADDIR, .fid = READING, .count = 4096), ENOTDIR },
	{ "too small a count", T(WREADDIR, .fid = LISTING, .count = 124), EINVAL },
	{ "not open", T(WSEEK, .fid = PLAIN, .flags = P9_SEEK_DATA), EBADF },
	{ "of a directory", T(WSEEK, .fid = LISTING, .flags = P9_SEEK_DATA), EBADF },
	{ "whence", T(WSEEK, .fid = READING, .flags = 0), EINVAL },
	{ "over the end", T(WSEEK, .fid = READING, .offset = 1 << 30, .flags = P9_SEEK_DATA),
	  ENXIO },
	{ "at 2^63", T(WSEEK, .fid = READING, .offset = 1ull << 63, .flags = P9_SEEK_HOLE), ENXIO },
	{ "flags",
	  T(WRENAME, .fid = ROOT, .name = NAME("f"), .newfid = DIR, .target = NAME("n"),
	    .flags = 4),
	  EINVAL },
	{ "there already",
	  T(WRENAME, .fid = ROOT, .name = NAME("f"), .newfid = ROOT, .target = NAME("d"),
	    .flags = P9_RENAME_NOREPLACE),
	  EEXIST },
	{ "not there",
	  T(WRENAME, .fid = ROOT, .name = NAME("f"), .newfid = ROOT, .target = NAME("no"),
	    .flags = P9_RENAME_EXCHANGE),
	  ENOENT },
	{ "at 2^63", T(WREADDIR, .fid = LISTING, .offset = 1ull << 63, .count = 4096), EINVAL },
};

static void want_tree(void)
{
	struct stat st;

	want(stat("f", &st), 0);
	want(st.st_size, 5);
	want(st.st_nlink, 1);
	want(st.st_mode & 07777, 0644);
	want(access("d/e/deep", F_OK), 0);
	want(access("d/n", F_OK), -1);
	want(access("n", F_OK), -1);
	want(getxattr("f", "user.x", NULL, 0), -1);
}

static void test_wrong_fids(void **state)
{
	struct fixture *f = *state;

	make_fids(&f->c, "9P2000.L");
	run_wrong(&f->c, on_fids, array_len(on_fids));
	want_tree();
	make_fids(&f->c, "9P2000.W");
	run_wrong(&f->c, on_fids, array_len(on_fids));
	run_wrong(&f->c, on_fids_w, array_len(on_fids_w));
	want_tree();
}

/* ---- names ---- */

static char longest[P9_NAME_MAX + 2];

static const struct {
	const char *name;
	uint16_t len;
	int error;
} bad_names[] = {
	{ "", 0, EINVAL },       { ".", 1, EINVAL },
	{ "..", 2, EINVAL },     { "/", 1, EINVAL },
	{ "a/b", 3, EINVAL },    { "a/", 2, EINVAL },
	{ "/a", 2, EINVAL },     { "../f", 4, EINVAL },
	{ "d/../f", 6, EINVAL }, { "\0", 1, EINVAL },
	{ "f\0", 2, EINVAL },    { "f\0g", 3, EINVAL },
	{ "\0f", 2, EINVAL },    { longest, 256, ENAMETOOLONG },
};

/* Requests with a name in them, the name to be put in. */
static const struct {
	struct p9_msg t;
	bool second; /* as target */
	bool steps;  /* "." and ".." are steps, not names */
} with_names[] = {
	{ T(LCREATE, .fid = DIR, .flags = P9_O_RDWR), false, false },
	{ T(SYMLINK, .fid = DIR, .target = NAME("t")), false, false },
	{ T(MKNOD, .fid = DIR, .mode = S_IFIFO), false, false },
	{ T(MKDIR, .fid = DIR), false, false },
	{ T(LINK, .fid = DIR, .newfid = PLAIN), false, false },
	{ T(RENAME, .fid = PLAIN, .newfid = DIR), false, false },
	{ T(RENAMEAT, .fid = ROOT, .newfid = DIR, .target = NAME("n")), false, false },
	{ T(RENAMEAT, .fid = ROOT, .newfid = DIR, .name = NAME("f")), true, false },
	{ T(WRENAME, .fid = ROOT, .newfid = DIR, .target = NAME("n")), false, false },
	{ T(WRENAME, .fid = ROOT, .newfid = DIR, .name = NAME("f")), true, false },
	{ T(UNLINKAT, .fid = ROOT), false, false },
	{ T(UNLINKAT, .fid = DIR, .flags = P9_REMOVEDIR), false, false },
	{ T(WALK, .fid = DIR, .newfid = UNUSED, .name_count = 1), false, true },
	{ T(WOPEN, .fid = DIR, .newfid = UNUSED, .name_count = 1), false, false },
	{ T(WOPEN, .fid = DIR, .newfid = UNUSED, .name_count = 1, .flags = P9_O_CREAT), false,
	  false },
	{ T(WOPEN, .fid = DIR, .newfid = UNUSED, .name_count = 1,
	    .flags = P9_O_CREAT | P9_O_DIRECTORY),
	  false, false },
};

static void test_bad_names(void **state)
{
	struct fixture *f = *state;
	unsigned tried = 0;

	memset(longest, 'n', 256);
	make_fids(&f->c, "9P2000.W");
	for (size_t i = 0; i < array_len(with_names); i++)
		for (size_t k = 0; k < array_len(bad_names); k++) {
			struct p9_str name = { bad_names[k].name, bad_names[k].len };
			struct p9_msg t = with_names[i].t, r;
			int err;

			if (with_names[i].steps && (k == 1 || k == 2))
				continue;
			t.names[0] = name;
			*(with_names[i].second ? &t.target : &t.name) = name;
			err = client_call(&f->c, &t, &r);
			if (err != bad_names[k].error)
				fail_msg("%s (%zu) of '%.10s': %d, want %d", p9_type_name(t.type),
					 i, bad_names[k].name, err, bad_names[k].error);
			want_fids(&f->c, bad_names[k].name);
			tried++;
		}
	print_message("%u bad names refused\n", tried);
	want_tree();
}

/* 255 bytes are a name, whatever they are. */
static void test_longest_names(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r;
	char other[P9_NAME_MAX + 1] = { 0 };

	memset(longest, 'n', 255);
	longest[255] = '\0';
	memset(other, '\377', 255);
	make_fids(&f->c, "9P2000.L");
	want(client_call(
		     &f->c,
		     &(struct p9_msg)T(MKDIR, .fid = DIR, .name = str_of(longest), .mode = 0755),
		     &r),
	     0);
	want(c_walk(&f->c, DIR, UNUSED, longest), 0);
	want(client_call(&f->c,
			 &(struct p9_msg)T(RENAMEAT, .fid = DIR, .newfid = DIR,
					   .name = str_of(longest), .target = str_of(other)),
			 &r),
	     0);
	want(c_walk(&f->c, DIR, 98, other), 0);
	want(client_call(
		     &f->c,
		     &(struct p9_msg)T(RENAME, .fid = 98, .newfid = ROOT, .name = str_of(longest)),
		     &r),
	     0);
	want(c_unlink(&f->c, ROOT, longest, P9_REMOVEDIR), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		session_test(test_wrong_fids),
		session_test(test_bad_names),
		session_test(test_longest_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
