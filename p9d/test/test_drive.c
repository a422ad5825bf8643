/* test_drive.c: a host's drive served to another machine's users (p9d_config.drive). */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "p9d/test/fixture.h"

enum { OTHER = 20, NEW };

static int drive_setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state) < 0)
		return -1;
	f = *state;
	client_close(&f->c);
	client_serve_drive(&f->c, f->dir);
	want(c_version(&f->c, "9P2000.L", 65536), 0);
	want(c_attach(&f->c, ROOT, 12345), 0);
	return 0;
}
#define drive_test(f) cmocka_unit_test_setup_teardown(f, drive_setup, fixture_teardown)

static void test_everybody_is_the_server(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r;
	struct stat st;

	want(c_attach(&f->c, OTHER, 0), 0);
	want(c_attach(&f->c, OTHER + 9, P9_NOUID), 0);
	want(c_walk(&f->c, OTHER, NEW, ""), 0);
	want(c_create(&f->c, NEW, "new", P9_O_RDWR, 0640), 0);
	want(stat("new", &st), 0);
	want(st.st_uid, geteuid());
	want(c_getattr(&f->c, NEW, &r), 0);
	want(r.attr.uid, 0); /* owners.h */
}

/* Names are used in what is below the top alone, wherever others move it. */
static void test_moved_out(void **state)
{
	struct fixture *f = *state;
	char outside[] = "/tmp/p9d-outside-XXXXXX", path[64];
	struct p9_msg t = { .type = P9_TUNLINKAT, .fid = OTHER, .name = str_of("deep") }, r;

	assert_non_null(mkdtemp(outside));
	snprintf(path, sizeof(path), "%s/e", outside);
	want(c_walk(&f->c, ROOT, OTHER, "d/e"), 0);
	want(c_walk(&f->c, OTHER, NEW, "deep"), 0);
	want(c_clunk(&f->c, NEW), 0);
	want(rename("d/e", path), 0);
	want(c_walk(&f->c, OTHER, NEW, "deep"), ESTALE);
	want(c_walk(&f->c, OTHER, NEW, ".."), ESTALE);
	want(c_create(&f->c, OTHER, "new", P9_O_RDWR, 0644), ESTALE);
	want(c_mkdir(&f->c, OTHER, "new", 0755), ESTALE);
	want(client_call(&f->c, &t, &r), ESTALE);
	want(rename(path, "d/e"), 0);
	want(c_walk(&f->c, OTHER, NEW, "deep"), 0);
	want(rmdir(outside), 0);
}

/* As the kernel of a guest cuts and marks a file whose name is gone. */
static void test_unlinked(void **state)
{
	struct fixture *f = *state;
	struct p9_msg t = { .type = P9_TSETATTR,
			    .fid = OTHER,
			    .mask = P9_SET_SIZE | P9_SET_MODE,
			    .attr = { .size = 2, .mode = 0400 } };
	struct p9_msg r;

	want(c_walk(&f->c, ROOT, OTHER, "f"), 0);
	want(c_open(&f->c, OTHER, P9_O_RDONLY), 0);
	want(unlink("f"), 0);
	want(client_call(&f->c, &t, &r), 0);
	want(c_getattr(&f->c, OTHER, &r), 0);
	want(r.attr.size, 2);
	want(r.attr.mode, S_IFREG | 0555); /* owners.h */
	want(r.attr.nlink, 0);
}

/* Seconds before 1970 are negative in 64 bits, both ways. */
static void test_old_times(void **state)
{
	struct fixture *f = *state;
	struct p9_msg t = { .type = P9_TSETATTR,
			    .fid = OTHER,
			    .mask = P9_SET_MTIME | P9_SET_MTIME_SET,
			    .attr = { .mtime = { (uint64_t)-7, 999999999 } } };
	struct p9_msg r;
	struct stat st;

	want(c_walk(&f->c, ROOT, OTHER, "f"), 0);
	want(client_call(&f->c, &t, &r), 0);
	want(stat("f", &st), 0);
	want(st.st_mtim.tv_sec, -7);
	want(st.st_mtim.tv_nsec, 999999999);
	want(c_getattr(&f->c, OTHER, &r), 0);
	want((int64_t)r.attr.mtime.sec, -7);
	want(r.attr.mtime.nsec, 999999999);
}

static void test_kinds(void **state)
{
	static const uint32_t kinds[] = { S_IFIFO, S_IFSOCK };
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		struct p9_msg t = { .type = P9_TMKNOD,
				    .fid = ROOT,
				    .name = str_of("node"),
				    .mode = kinds[i] | 0640,
				    .gid = 4321 },
			      r;
		struct stat st;

		want(client_call(&f->c, &t, &r), 0);
		want(lstat("node", &st), 0);
		want(st.st_mode, kinds[i] | 0640);
		want(c_walk(&f->c, ROOT, OTHER, "node"), 0);
		want(c_open(&f->c, OTHER, P9_O_RDONLY), ENXIO);
		want(c_clunk(&f->c, OTHER), 0);
		want(c_unlink(&f->c, ROOT, "node", 0), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(test_everybody_is_the_server),
		drive_test(test_moved_out),
		drive_test(test_unlinked),
		drive_test(test_old_times),
		drive_test(test_kinds),
	};

	return cmocka_run_group_tests_name("drive", tests, NULL, NULL);
}
