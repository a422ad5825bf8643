/* test_owners.c: whose files of a drive are, and what becomes of their modes, devices,
 * names and extended attributes. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/lib.h"
#include "p9d/owners.h"
#include "p9d/test/fixture.h"

enum { OTHER = 20, NEW };

/* ---- a drive ---- */

static int attach(struct fixture *f, uint32_t fid, uint32_t uid, const char *words)
{
	struct p9_msg t = { .type = P9_TATTACH,
			    .fid = fid,
			    .newfid = P9_NOFID,
			    .uid = uid,
			    .target = str_of(words) };
	struct p9_msg r;

	return client_call(&f->c, &t, &r);
}

/* Served anew with these options, attached by uid 1234. */
static void serve_with(struct fixture *f, const char *words)
{
	client_close(&f->c);
	client_serve_drive(&f->c, f->dir);
	want(c_version(&f->c, "9P2000.L", 65536), 0);
	want(attach(f, ROOT, 1234, words), 0);
}

/* Through the client. */
static void want_file(struct fixture *f, const char *name, uint32_t mode, uint32_t uid,
		      uint32_t gid)
{
	struct p9_msg r;

	want(c_walk(&f->c, ROOT, OTHER, name), 0);
	want(c_getattr(&f->c, OTHER, &r), 0);
	if (r.attr.mode != mode || r.attr.uid != uid || r.attr.gid != gid)
		fail_msg("%s: %o %u:%u", name, r.attr.mode, r.attr.uid, r.attr.gid);
	want(c_clunk(&f->c, OTHER), 0);
}

static void want_host(const char *name, uint32_t mode)
{
	struct stat st;

	want(lstat(name, &st), 0);
	if (st.st_mode != mode || st.st_uid != geteuid())
		fail_msg("%s: %o of %u", name, st.st_mode, st.st_uid);
}

static int set(struct fixture *f, const char *name, uint32_t valid, const struct p9_attr *attr)
{
	struct p9_msg t = { .type = P9_TSETATTR, .fid = OTHER, .mask = valid, .attr = *attr }, r;
	int err;

	want(c_walk(&f->c, ROOT, OTHER, name), 0);
	err = client_call(&f->c, &t, &r);
	want(c_clunk(&f->c, OTHER), 0);
	return err;
}

static int set_mode(struct fixture *f, const char *name, uint32_t mode)
{
	return set(f, name, P9_SET_MODE, &(struct p9_attr){ .mode = mode });
}

static int set_owner(struct fixture *f, const char *name, uint32_t uid, uint32_t gid)
{
	return set(f, name, P9_SET_UID | P9_SET_GID, &(struct p9_attr){ .uid = uid, .gid = gid });
}

static int make(struct fixture *f, const char *name, uint32_t mode, uint32_t gid)
{
	struct p9_msg t = { .type = P9_TLCREATE,
			    .fid = OTHER,
			    .name = str_of(name),
			    .flags = P9_O_RDWR,
			    .mode = mode,
			    .gid = gid };
	struct p9_msg r;
	int err;

	want(c_walk(&f->c, ROOT, OTHER, ""), 0);
	err = client_call(&f->c, &t, &r);
	want(c_clunk(&f->c, OTHER), 0);
	return err;
}

static int make_node(struct fixture *f, const char *name, uint32_t mode)
{
	struct p9_msg t = { .type = P9_TMKNOD,
			    .fid = ROOT,
			    .name = str_of(name),
			    .mode = mode,
			    .major = 4,
			    .minor = 300,
			    .gid = 5 };
	struct p9_msg r;

	return client_call(&f->c, &t, &r);
}

static void test_words_of_attach(void **state)
{
	struct fixture *f = *state;

	client_close(&f->c);
	client_serve_drive(&f->c, f->dir);
	want(c_version(&f->c, "9P2000.L", 65536), 0);
	want(attach(f, ROOT, 0, "uid=1,nonsense"), EINVAL);
	want(attach(f, ROOT, 0, "d"), EINVAL);
	want(attach(f, ROOT, 0, "uid=1"), 0);
	want(attach(f, NEW, 0, "uid=2"), EINVAL);
	want(attach(f, NEW, 0, "uid=1"), 0);
	want_file(f, "f", S_IFREG | 0777, 1, 0);
}

static void test_plain_modes(void **state)
{
	static const struct {
		const char *words;
		uint32_t file, dir;
	} rows[] = {
		{ "uid=1000,gid=1001", 0777, 0777 },
		{ "uid=1000,gid=1001,umask=022", 0755, 0755 },
		{ "uid=1000,gid=1001,umask=022,fmask=111", 0644, 0755 },
		{ "uid=1000,gid=1001,dmask=077,fmask=0177", 0600, 0700 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < array_len(rows); i++) {
		want(chmod("f", 0640), 0);
		serve_with(f, rows[i].words);
		want_file(f, "f", S_IFREG | rows[i].file, 1000, 1001);
		want_file(f, "d", S_IFDIR | rows[i].dir, 1000, 1001);
		want_file(f, "link", S_IFLNK | 0777, 1000, 1001);
		want_file(f, "fifo", S_IFIFO | rows[i].file, 1000, 1001);
		want(chmod("f", 0444), 0);
		want_file(f, "f", S_IFREG | (rows[i].file & ~0222u), 1000, 1001);
	}
}

/* chmod is about writing, chown is nothing. */
static void test_plain_changes(void **state)
{
	struct fixture *f = *state;

	want(chmod("f", 0640), 0);
	serve_with(f, "uid=1000,gid=1001,umask=022");
	want(set_mode(f, "f", 0700), 0);
	want_host("f", S_IFREG | 0640);
	want(set_mode(f, "f", 0555), 0);
	want_host("f", S_IFREG | 0440);
	want_file(f, "f", S_IFREG | 0555, 1000, 1001);
	want(set_mode(f, "f", 04755), 0);
	want_host("f", S_IFREG | 0640);
	want(set_owner(f, "f", 1000, 1001), 0);
	want(set_owner(f, "f", 0, 1001), EPERM);
	want(set_owner(f, "f", 1000, 0), EPERM);
	want(set_mode(f, "link", 0644), EOPNOTSUPP);
	want(set_owner(f, "link", 1000, 1001), 0);
	want(set(f, "f", P9_SET_SIZE | P9_SET_MODE, &(struct p9_attr){ .size = 1, .mode = 0644 }),
	     0);
	want_host("f", S_IFREG | 0640);
	want(getxattr("f", OWNERS_META, NULL, 0), -1);
}

static void test_plain_new_files(void **state)
{
	struct fixture *f = *state;

	serve_with(f, "uid=1000,gid=1001,umask=022");
	want(make(f, "a", 0644, 5), 0);
	want_host("a", S_IFREG | 0644);
	want_file(f, "a", S_IFREG | 0755, 1000, 1001);
	want(make(f, "b", 06711, 5), 0);
	want_host("b", S_IFREG | 0711);
	want(make(f, "c", 0111, 5), 0);
	want_host("c", S_IFREG | 0511);
	want_file(f, "c", S_IFREG | 0555, 1000, 1001);
	want(make(f, "e", 0200, 5), 0);
	want_host("e", S_IFREG | 0600);
	want(c_mkdir(&f->c, ROOT, "g", 02070), 0);
	want_host("g", S_IFDIR | 0770);
	want_file(f, "g", S_IFDIR | 0755, 1000, 1001);
	want(make_node(f, "null", S_IFCHR | 0666), EPERM);
	want(make_node(f, "disk", S_IFBLK | 0666), EPERM);
	want(make_node(f, "socket", S_IFSOCK | 0600), 0);
	want_host("socket", S_IFSOCK | 0600);
	want(access("null", F_OK), -1);
}

/* ---- metadata ---- */

/* tmpfs has had them since Linux 6.6. */
static void need_xattrs(void)
{
	if (setxattr("d", "user.try", "", 0, 0) < 0 && errno == EOPNOTSUPP)
		skip();
	removexattr("d", "user.try");
}

static void test_metadata(void **state)
{
	struct fixture *f = *state;

	need_xattrs();
	serve_with(f, "uid=1000,gid=1001,umask=022,metadata");
	want_file(f, "f", S_IFREG | 0755, 1000, 1001);
	want(make(f, "a", 04640, 5), 0);
	want_file(f, "a", S_IFREG | 04640, 1234, 5);
	want_host("a", S_IFREG | 0640);
	want(set_mode(f, "a", 0), 0);
	want_file(f, "a", S_IFREG, 1234, 5);
	want_host("a", S_IFREG | 0640);
	want(set_owner(f, "a", 77, 78), 0);
	want_file(f, "a", S_IFREG, 77, 78);
	want(set(f, "f", P9_SET_UID, &(struct p9_attr){ .uid = 9 }), 0);
	want_file(f, "f", S_IFREG | 0755, 9, 1001);
	want(c_mkdir(&f->c, ROOT, "g", 0), 0);
	want_file(f, "g", S_IFDIR, 1234, getegid());
	want_host("g", S_IFDIR | 0700);
	want(make_node(f, "socket", S_IFSOCK | 0640), 0);
	want_file(f, "socket", S_IFSOCK | 0640, 1000, 1001);
	want(set_mode(f, "socket", 0666), 0);
	want_file(f, "socket", S_IFSOCK | 0666, 1000, 1001);
	want(set_owner(f, "socket", 0, 0), EPERM);
	want(set_mode(f, "link", 0644), EOPNOTSUPP);
	/* The next one to look sees the same. */
	serve_with(f, "metadata");
	want_file(f, "a", S_IFREG, 77, 78);
	want_file(f, "f", S_IFREG | 0777, 9, 0);
	serve_with(f, "uid=3");
	want_file(f, "a", S_IFREG | 0777, 3, 0);
}

static void test_who_makes(void **state)
{
	struct fixture *f = *state;

	need_xattrs();
	serve_with(f, "uid=1000,gid=1001,metadata");
	want(c_clunk(&f->c, ROOT), 0);
	want(attach(f, ROOT, P9_NOUID, "uid=1000,gid=1001,metadata"), 0);
	want(make(f, "nobody's", 0600, P9_NOUID), 0);
	want_file(f, "nobody's", S_IFREG | 0600, 1000, 1001);
	want(c_clunk(&f->c, ROOT), 0);
	want(attach(f, ROOT, 0, "uid=1000,gid=1001,metadata"), 0);
	want(make(f, "roots", 0600, 0), 0);
	want_file(f, "roots", S_IFREG | 0600, 0, 0);
}

static void test_group_of_a_directory(void **state)
{
	struct fixture *f = *state;

	need_xattrs();
	serve_with(f, "metadata");
	want(set(f, "d", P9_SET_MODE | P9_SET_GID, &(struct p9_attr){ .mode = 02775, .gid = 50 }),
	     0);
	want(c_walk(&f->c, ROOT, NEW, "d"), 0);
	want(c_mkdir(&f->c, NEW, "sub", 0755), 0);
	want_file(f, "d/sub", S_IFDIR | 02755, 1234, 50);
	want(c_create(&f->c, NEW, "new", P9_O_RDWR, 0644), 0);
	want_file(f, "d/new", S_IFREG | 0644, 1234, 50);
}

static void test_devices(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r;
	struct stat st;

	need_xattrs();
	serve_with(f, "metadata");
	want(make_node(f, "tty", S_IFCHR | 0620), 0);
	want(stat("tty", &st), 0);
	want(st.st_mode & S_IFMT, S_IFREG);
	want(st.st_size, 0);
	want_file(f, "tty", S_IFCHR | 0620, 1234, 5);
	want(c_walk(&f->c, ROOT, NEW, "tty"), 0);
	want(c_getattr(&f->c, NEW, &r), 0);
	want(r.attr.rdev, makedev(4, 300));
	want(c_open(&f->c, NEW, P9_O_RDWR), ENXIO);
	want(set_mode(f, "tty", 0600), 0);
	want_file(f, "tty", S_IFCHR | 0600, 1234, 5);
	want(set(f, "tty", P9_SET_SIZE, &(struct p9_attr){ .size = 9 }), EINVAL);
	want(make_node(f, "tty", S_IFBLK | 0600), EEXIST);
	want(make(f, "tty", 0600, 0), ENXIO);
	want(c_unlink(&f->c, ROOT, "tty", 0), 0);
	want(stat("tty", &st), -1);
}

/* ---- extended attributes ---- */

static int get_xattr(struct fixture *f, const char *file, const char *name, struct p9_msg *r)
{
	struct p9_msg t = {
		.type = P9_TXATTRWALK, .fid = OTHER, .newfid = NEW, .name = str_of(name)
	};
	int err;

	want(c_walk(&f->c, ROOT, OTHER, file), 0);
	err = client_call(&f->c, &t, r);
	want(c_clunk(&f->c, OTHER), 0);
	return err;
}

static int set_xattr(struct fixture *f, const char *file, const char *name, const char *value)
{
	struct p9_msg t = {
		.type = P9_TXATTRCREATE, .fid = OTHER, .name = str_of(name), .length = strlen(value)
	};
	struct p9_msg r;

	want(c_walk(&f->c, ROOT, OTHER, file), 0);
	want(client_call(&f->c, &t, &r), 0);
	if (*value)
		want(c_write(&f->c, OTHER, 0, value, (uint32_t)strlen(value)), strlen(value));
	return c_clunk(&f->c, OTHER);
}

static void test_xattrs(void **state)
{
	static const struct {
		const char *name;
		int get, set;
	} rows[] = {
		{ "user.other", ENODATA, 0 },
		{ OWNERS_META, ENODATA, EOPNOTSUPP },
		{ "user.landbridge.x", ENODATA, EOPNOTSUPP },
		{ "security.capability", EOPNOTSUPP, EOPNOTSUPP },
		{ "security.selinux", EOPNOTSUPP, EOPNOTSUPP },
		{ "trusted.x", EOPNOTSUPP, EOPNOTSUPP },
		{ "system.posix_acl_access", EOPNOTSUPP, EOPNOTSUPP },
		{ "system.posix_acl_default", EOPNOTSUPP, EOPNOTSUPP },
		{ "x", EOPNOTSUPP, EOPNOTSUPP },
	};
	struct fixture *f = *state;
	struct p9_msg r;
	char list[64];

	need_xattrs();
	serve_with(f, "metadata");
	want(set_mode(f, "f", 0600), 0);
	want(set_xattr(f, "f", "user.x", "value"), 0);
	for (size_t i = 0; i < array_len(rows); i++) {
		want(get_xattr(f, "f", rows[i].name, &r), rows[i].get);
		if (set_xattr(f, "f", rows[i].name, "v") != rows[i].set)
			fail_msg("%s", rows[i].name);
	}
	want(get_xattr(f, "f", "user.x", &r), 0);
	want(r.length, 5);
	want(c_clunk(&f->c, NEW), 0);
	want(get_xattr(f, "f", "", &r), 0);
	want(c_read(&f->c, NEW, 0, list, sizeof(list)), sizeof("user.x") + sizeof("user.other"));
	assert_null(memmem(list, sizeof("user.x") + sizeof("user.other"), "landbridge", 10));
	assert_true(getxattr("f", OWNERS_META, NULL, 0) == OWNERS_META_SIZE);
}

/* ---- case ---- */

static int rename_to(struct fixture *f, const char *from, const char *to)
{
	struct p9_msg t = { .type = P9_TRENAMEAT,
			    .fid = ROOT,
			    .newfid = ROOT,
			    .name = str_of(from),
			    .target = str_of(to) };
	struct p9_msg r;

	return client_call(&f->c, &t, &r);
}

static void test_case_off(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r, exact;

	serve_with(f, "case=off");
	want(c_walk(&f->c, ROOT, NEW, "D/E/DEEP"), 0);
	want(c_clunk(&f->c, NEW), 0);
	want(c_walk(&f->c, ROOT, NEW, "D/none"), ENOENT);
	want(make(f, "F", 0644, 0), 0); /* opens f */
	want(access("F", F_OK), -1);
	want(c_mkdir(&f->c, ROOT, "D", 0755), EEXIST);
	want(make_node(f, "FIFO", S_IFIFO | 0600), EEXIST);
	want(c_mkdir(&f->c, ROOT, "Neu", 0755), 0);
	want(access("Neu", F_OK), 0);
	/* Of several no link. */
	want(symlink("d", "DIR"), 0);
	want(mkdir("dIR", 0755), 0);
	want(symlink("d", "Dir"), 0);
	want(c_walk(&f->c, ROOT, NEW, "dir/none"), ENOENT);
	want(c_mkdir(&f->c, ROOT, "dir", 0755), EEXIST);
	want(mkdir("dIR/in", 0755), 0);
	want(c_walk(&f->c, ROOT, NEW, "dir/in"), 0);
	want(c_clunk(&f->c, NEW), 0);
	/* A name that is there as it is wins. */
	want(mkdir("neu", 0755), 0);
	want(c_walk(&f->c, ROOT, NEW, "neu"), 0);
	want(c_getattr(&f->c, NEW, &r), 0);
	want(c_clunk(&f->c, NEW), 0);
	want(c_walk(&f->c, ROOT, NEW, "Neu"), 0);
	want(c_getattr(&f->c, NEW, &exact), 0);
	assert_true(r.qid.path != exact.qid.path);
	want(c_unlink(&f->c, ROOT, "neu", P9_REMOVEDIR), 0);
	want(c_unlink(&f->c, ROOT, "NEU", P9_REMOVEDIR), 0);
	want(access("Neu", F_OK), -1);
	want(c_unlink(&f->c, ROOT, "NEU", P9_REMOVEDIR), ENOENT);
}

static void test_renames_without_case(void **state)
{
	struct fixture *f = *state;

	serve_with(f, "case=off");
	want(rename_to(f, "F", "File"), 0);
	want(access("File", F_OK), 0);
	want(rename_to(f, "file", "FILE"), 0); /* its spelling alone */
	want(access("FILE", F_OK), 0);
	want(access("File", F_OK), -1);
	want(make(f, "Target", 0644, 0), 0);
	want(rename_to(f, "file", "TARGET"), 0); /* in its place */
	want(access("Target", F_OK), 0);
	want(access("TARGET", F_OK), -1);
	want(access("FILE", F_OK), -1);
	want(rename_to(f, "none", "TARGET"), ENOENT);
}

static void test_case_on(void **state)
{
	struct fixture *f = *state;

	serve_with(f, "case=dir");
	want(c_walk(&f->c, ROOT, NEW, "D"), ENOENT);
	want(make(f, "F", 0644, 0), 0);
	want(access("F", F_OK), 0);
	want(access("f", F_OK), 0);
	want(c_unlink(&f->c, ROOT, "FIFO", 0), ENOENT);
}

/* Reserved on Windows, names like others here. */
static void test_names(void **state)
{
	static const char *const names[] = { "a:b",          "a?",  "a*",     "a|", "<a>",
					     "a\\b",         "\"",  "a.",     "a ", "\1",
					     "\xef\x80\xba", "aux", "CON.txt" };
	struct fixture *f = *state;

	serve_with(f, "");
	for (size_t i = 0; i < array_len(names); i++) {
		want(make(f, names[i], 0644, 0), 0);
		want(access(names[i], F_OK), 0);
		want(c_unlink(&f->c, ROOT, names[i], 0), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {

		session_test(test_words_of_attach),
		session_test(test_plain_modes),
		session_test(test_plain_changes),
		session_test(test_plain_new_files),
		session_test(test_metadata),
		session_test(test_who_makes),
		session_test(test_group_of_a_directory),
		session_test(test_devices),
		session_test(test_xattrs),
		session_test(test_case_off),
		session_test(test_renames_without_case),
		session_test(test_case_on),
		session_test(test_names),
	};

	return cmocka_run_group_tests_name("owners", tests, NULL, NULL);
}
