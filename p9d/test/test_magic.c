/* test_magic.c: links of /proc that are more than text, devices, directories
 * of others, and a file system that is really full. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/test/server.h"

static void start(struct server *f, const struct server *from, const char *root)
{
	*f = *from;
	snprintf(f->socket, sizeof(f->socket), "%s.magic.sock", f->dir);
	server_start(f, root, NULL);
}

static void stop(struct server *f)
{
	kill(f->server, SIGTERM);
	waitpid(f->server, NULL, 0);
	close(f->inherited);
	unlink(f->socket);
}

/* ---- /proc ---- */

/* A link, of which there is text at most. */
static void want_link(struct client *c, const char *path)
{
	struct p9_msg r, t = { .type = P9_TREADLINK, .fid = FILE_FID };
	int err = c_walk(c, ROOT, FILE_FID, path);

	if (err)
		fail_msg("%s: %d", path, err);
	err = client_call(c, &t, &r); /* who may not trace the process may not see */
	if (err != EACCES)
		want(r.target.len > 0, 1);
	want(c_open(c, FILE_FID, P9_O_RDONLY), ELOOP);
	want(c_open(c, FILE_FID, P9_O_DIRECTORY), ELOOP);
	want(c_walk(c, FILE_FID, NEW, ".."), ENOTDIR);
	want(c_walk(c, FILE_FID, NEW, "."), ENOTDIR);
	want(c_walk(c, FILE_FID, NEW, "etc"), ENOTDIR);
	want(c_getattr(c, FILE_FID, &r), 0);
	want(r.attr.mode & S_IFMT, S_IFLNK);
	want(c_clunk(c, FILE_FID), 0);
}

static int attach_at(struct client *c, uint32_t uid, const char *path)
{
	struct p9_msg r, t = { .type = P9_TATTACH,
			       .fid = NEW,
			       .newfid = P9_NOFID,
			       .uid = uid,
			       .target = str_of(path) };
	int err = client_call(c, &t, &r);

	if (!err)
		c_clunk(c, NEW);
	return err;
}

static void test_magic_links(void **state)
{
	static const char *const beyond[] = { "proc/self/etc", "proc/1/root/etc",
					      "proc/1/cwd/etc" };
	struct server f;
	struct client c;
	char path[64];

	start(&f, *state, "/");
	connect_as(&f, &c, 0);
	want_link(&c, "proc/self");
	want_link(&c, "proc/1/root");
	want_link(&c, "proc/1/cwd");
	want_link(&c, "proc/1/exe");
	snprintf(path, sizeof(path), "proc/%d/root", getpid());
	want_link(&c, path);
	for (int fd = 0; fd < 3; fd++) { /* our own, whatever they are */
		snprintf(path, sizeof(path), "proc/%d/fd/%d", getpid(), fd);
		want_link(&c, path);
	}
	for (size_t i = 0; i < array_len(beyond); i++)
		want(c_walk(&c, ROOT, FILE_FID, beyond[i]), ENOENT);
	want(attach_at(&c, 0, "proc"), 0);
	want(attach_at(&c, 0, "proc/self"), ELOOP);
	want(attach_at(&c, 0, "proc/self/root"), ELOOP);
	want(attach_at(&c, 0, "proc/1/root"), ELOOP);
	want(attach_at(&c, 0, "proc/1/cwd"), ELOOP);
	want(attach_at(&c, 0, "proc/../.."), EXDEV);
	client_close(&c);
	stop(&f);
}

/* The server's own descriptors are a way out of its root for nobody. */
static void test_descriptors_of_the_server(void **state)
{
	struct server f;
	struct client c;
	char path[64];

	start(&f, *state, "/");
	connect_as(&f, &c, ALICE);
	snprintf(path, sizeof(path), "proc/%d/fd", f.server);
	want(c_walk(&c, ROOT, FILE_FID, path), 0);
	want(c_open(&c, FILE_FID, P9_O_RDONLY), EACCES);
	want(c_clunk(&c, FILE_FID), 0);
	snprintf(path, sizeof(path), "proc/%d/fd/3", f.server);
	want(c_walk(&c, ROOT, NEW, path), ENOENT); /* half of it: it may not look */
	snprintf(path, sizeof(path), "proc/%d/mem", f.server);
	want(open_file(&c, ROOT, path, P9_O_RDWR), EACCES);
	client_close(&c);
	stop(&f);
}

/* ---- devices ---- */

static const struct node {
	const char *name;
	mode_t type;
	uint32_t major, minor;
} nodes[] = {
	{ "null", S_IFCHR, 1, 3 },    { "zero", S_IFCHR, 1, 5 },    { "tty", S_IFCHR, 5, 0 },
	{ "disk", S_IFBLK, 8, 0 },    { "none", S_IFCHR, 240, 77 }, { "pipe", S_IFIFO, 0, 0 },
	{ "socket", S_IFSOCK, 0, 0 },
};

static int make_node(struct client *c, const char *name, const struct node *node)
{
	struct p9_msg r, t = { .type = P9_TMKNOD, .fid = ROOT, .name = str_of(name) };

	t.mode = node->type | 0666;
	t.major = node->major;
	t.minor = node->minor;
	return client_call(c, &t, &r);
}

/* There it is, and nobody opens it. */
static void want_closed(struct client *c, const struct node *node)
{
	static const uint32_t flags[] = { P9_O_RDONLY, P9_O_WRONLY, P9_O_RDWR,
					  P9_O_RDWR | P9_O_TRUNC, P9_O_NOFOLLOW };
	struct p9_msg r;

	want(c_walk(c, ROOT, FILE_FID, node->name), 0);
	want(c_getattr(c, FILE_FID, &r), 0);
	want(r.attr.mode, node->type | 0666);
	want(r.attr.rdev, makedev(node->major, node->minor));
	want(c_clunk(c, FILE_FID), 0);
	for (size_t i = 0; i < array_len(flags); i++)
		want(open_file(c, ROOT, node->name, flags[i]), ENXIO);
	want(c_walk(c, ROOT, NEW, ""), 0);
	want(c_create(c, NEW, node->name, P9_O_RDWR, 0666), ENXIO);
	want(c_clunk(c, NEW), 0);
}

static void test_devices(void **state)
{
	struct server *f = *state;
	struct client c;

	connect_as(f, &c, 0);
	for (size_t i = 0; i < array_len(nodes); i++) {
		int err = make_node(&c, nodes[i].name, &nodes[i]);

		if (err == EPERM) /* not even this root may */
			print_message("skipped: device %s\n", nodes[i].name);
		else
			want(err, 0);
		if (!err)
			want_closed(&c, &nodes[i]);
	}
	client_close(&c);
	connect_as(f, &c, ALICE);
	for (size_t i = 0; i < array_len(nodes); i++) {
		bool is_device = nodes[i].type == S_IFCHR || nodes[i].type == S_IFBLK;

		want(make_node(&c, "mine", &nodes[i]), is_device ? EPERM : 0);
		want(c_unlink(&c, ROOT, "mine", 0), is_device ? ENOENT : 0);
	}
	client_close(&c);
}

/* ---- directories of others ---- */

static void test_closed_directory(void **state)
{
	struct server *f = *state;
	struct client c;
	struct p9_msg r;
	char path[128];

	snprintf(path, sizeof(path), "%s/closed", f->dir);
	want(mkdir(path, 0700), 0);
	want(chown(path, BOB, BOB), 0);
	snprintf(path, sizeof(path), "%s/closed/in", f->dir);
	want(file_create(path, "in", 0666), 0);
	want(chmod(path, 0666), 0);
	connect_as(f, &c, ALICE);
	want(c_walk(&c, ROOT, FILE_FID, "closed"), 0);
	want(c_getattr(&c, FILE_FID, &r), 0);
	want(c_walk(&c, FILE_FID, NEW, "in"), EACCES);
	want(c_walk(&c, FILE_FID, NEW, "no"), EACCES); /* nor what is not there */
	want(c_mkdir(&c, FILE_FID, "new", 0755), EACCES);
	want(c_unlink(&c, FILE_FID, "in", 0), EACCES);
	want(c_open(&c, FILE_FID, P9_O_RDONLY), EACCES);
	want(attach_at(&c, ALICE, "closed"), 0); /* to hold it is no right to it */
	client_close(&c);
	connect_as(f, &c, BOB);
	want(c_walk(&c, ROOT, FILE_FID, "closed/in"), 0);
	want(c_open(&c, FILE_FID, P9_O_RDWR), 0);
	client_close(&c);
}

/* ---- a full file system ---- */

/* A tmpfs of 64 KiB at f->dir/full, where nobody else sees it. */
static bool mount_small(struct server *f, char path[128])
{
	snprintf(path, 128, "%s/full", f->dir);
	want(mkdir(path, 0755), 0);
	return unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("full", path, "tmpfs", 0, "size=64k,nr_inodes=8,mode=1777") == 0;
}

static long fill(struct client *c, uint32_t fid)
{
	static const char block[4096];
	uint64_t at = 0;

	for (;;) {
		long n = c_write(c, fid, at, block, sizeof(block));

		if (n <= 0)
			return n;
		at += (uint64_t)n;
	}
}

static void test_no_space(void **state)
{
	struct server f;
	struct client c;
	struct p9_msg r;
	char path[128], name[16];
	int err = 0;

	if (!mount_small(*state, path)) {
		print_message("skipped: no mount namespace of our own\n");
		skip();
	}
	start(&f, *state, path);
	connect_as(&f, &c, ALICE);
	want(c_walk(&c, ROOT, FILE_FID, ""), 0);
	want(c_create(&c, FILE_FID, "big", P9_O_RDWR, 0644), 0);
	want(fill(&c, FILE_FID), -ENOSPC);
	want(c_getattr(&c, FILE_FID, &r), 0);
	want(r.attr.size, 65536); /* all that went in is there */
	for (int i = 0; i < 16 && !err; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		err = c_mkdir(&c, ROOT, name, 0755);
	}
	want(err, ENOSPC);
	want(c_walk(&c, ROOT, NEW, ""), 0);
	want(c_create(&c, NEW, "more", P9_O_RDWR, 0644), ENOSPC);
	want(c_unlink(&c, ROOT, "d0", P9_REMOVEDIR), 0);
	want(c_create(&c, NEW, "more", P9_O_RDWR, 0644), 0);
	want(c_write(&c, NEW, 0, "x", 1), -ENOSPC);
	want(c_unlink(&c, ROOT, "big", 0), 0);
	want(c_write(&c, NEW, 0, "x", 1), -ENOSPC); /* it is open still */
	want(c_clunk(&c, FILE_FID), 0);
	want(c_write(&c, NEW, 0, "x", 1), 1);
	client_close(&c);
	stop(&f);
	want(umount2(path, MNT_DETACH), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		server_test(test_magic_links), server_test(test_descriptors_of_the_server),
		server_test(test_devices),     server_test(test_closed_directory),
		server_test(test_no_space),
	};

	if (geteuid() != 0) {
		puts("test_magic: skipped: only root can be several users");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
