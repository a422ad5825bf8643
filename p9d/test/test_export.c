/* test_export.c: what of the tree a client reaches: races, made-up file
 * systems, devices, read-only exports. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/p9d.h"
#include "p9d/test/server.h"

/* ---- the tree ---- */

static void swap_links(const char *dir)
{
	char name[100], real[100], fake[100];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(name, sizeof(name), "%s/sub", dir);
	snprintf(real, sizeof(real), "%s/real", dir);
	snprintf(fake, sizeof(fake), "%s/fake", dir);
	for (;;) {
		rename(real, name);
		rename(name, real);
		rename(fake, name);
		rename(name, fake);
	}
}

/* While somebody swaps a directory and a link to /, nothing outside is found. */
static void test_symlink_race(void **state)
{
	struct server *f = *state;
	struct client c;
	char path[128];
	unsigned reached = 0;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/real", f->dir);
	want(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/real/etc", f->dir);
	want(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/fake", f->dir);
	want(symlink("/", path), 0);
	connect_as(f, &c, 0);
	pid = fork();
	if (pid == 0)
		swap_links(f->dir);
	for (int i = 0; i < 20000; i++) {
		int err = c_walk(&c, ROOT, FILE_FID, "sub/etc/passwd");

		if (err == 0)
			fail_msg("walked out of the tree");
		reached += c_walk(&c, ROOT, NEW, "sub/etc") == 0 && c_clunk(&c, NEW) == 0;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(reached > 0);
	client_close(&c);
}

static void swap_file_and_link(const char *dir, const char *outside)
{
	char name[100], file[100], link[100];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(name, sizeof(name), "%s/prey", dir);
	snprintf(file, sizeof(file), "%s/file", dir);
	snprintf(link, sizeof(link), "%s/link", dir);
	for (;;) {
		if (file_create(file, "prey", 0666) == 0)
			rename(file, name);
		if (symlink(outside, link) == 0)
			rename(link, name);
	}
}

/* All that changes a file, by name and by fid. */
static void change_prey(struct client *c, unsigned done[3])
{
	struct p9_msg r, set = { .type = P9_TSETATTR, .fid = FILE_FID };
	struct p9_msg gone = { .type = P9_TREMOVE, .fid = FILE_FID };

	set.mask = P9_SET_SIZE | P9_SET_UID | P9_SET_MTIME;
	set.attr.uid = BOB;
	want(c_walk(c, ROOT, NEW, ""), 0);
	if (c_create(c, NEW, "prey", P9_O_RDWR | P9_O_TRUNC, 0666) == 0)
		done[0] += c_write(c, NEW, 0, "changed", 7) == 7;
	want(c_clunk(c, NEW), 0);
	if (c_walk(c, ROOT, FILE_FID, "prey") != 0)
		return;
	done[1] += client_call(c, &set, &r) == 0;
	if (c_open(c, FILE_FID, P9_O_WRONLY | P9_O_TRUNC) == 0)
		c_write(c, FILE_FID, 0, "changed", 7);
	done[2] += client_call(c, &gone, &r) == 0;
}

/* While somebody swaps a file and a link to one outside, that one stays. */
static void test_change_race(void **state)
{
	struct server *f = *state;
	struct client c;
	struct stat before, after;
	unsigned done[3] = { 0 };
	char outside[100];
	pid_t pid;

	snprintf(outside, sizeof(outside), "%s.outside", f->dir);
	want(file_create(outside, "canary", 0666), 0);
	want(stat(outside, &before), 0);
	connect_as(f, &c, 0);
	pid = fork();
	if (pid == 0)
		swap_file_and_link(f->dir, outside);
	for (int i = 0; i < 3000; i++)
		change_prey(&c, done);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	client_close(&c);
	want(stat(outside, &after), 0);
	want(after.st_size, before.st_size);
	want(after.st_uid, before.st_uid);
	want(after.st_ctim.tv_sec, before.st_ctim.tv_sec);
	want(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
	want(unlink(outside), 0);
	for (int i = 0; i < 3; i++)
		assert_true(done[i] > 0);
}

static void read_synthetic(struct client *c, const char *path)
{
	struct p9_msg r;
	char buf[256];

	want(c_walk(c, ROOT, FILE_FID, path), 0);
	want(c_getattr(c, FILE_FID, &r), 0);
	want(r.attr.size, 0);
	want(r.qid.version, 0);
	want(c_open(c, FILE_FID, P9_O_RDONLY), 0);
	assert_true(c_read(c, FILE_FID, 0, buf, sizeof(buf)) > 0);
	want(c_clunk(c, FILE_FID), 0);
}

static uint64_t qid_path(struct client *c, const char *path)
{
	struct p9_msg r;

	want(c_walk(c, ROOT, FILE_FID, path), 0);
	want(c_getattr(c, FILE_FID, &r), 0);
	want(c_clunk(c, FILE_FID), 0);
	return r.qid.path;
}

static void test_whole_tree(void **state)
{
	struct server f = *(struct server *)*state;
	struct client c;

	snprintf(f.socket, sizeof(f.socket), "%s.root.sock", f.dir);
	server_start(&f, "/", NULL);
	connect_as(&f, &c, 0);
	read_synthetic(&c, "proc/sys/kernel/ostype");
	read_synthetic(&c, "proc/1/status");
	read_synthetic(&c, "sys/kernel/uevent_seqnum");
	assert_true(qid_path(&c, "proc") != qid_path(&c, "sys"));
	assert_true(qid_path(&c, "proc") != qid_path(&c, "dev/shm"));
	want(open_file(&c, ROOT, "dev/null", P9_O_RDWR), ENXIO);
	want(open_file(&c, ROOT, "dev/zero", P9_O_RDONLY), ENXIO);
	want(c_walk(&c, ROOT, FILE_FID, "proc/1/root"), 0);
	want(c_walk(&c, FILE_FID, NEW, "etc"), ENOTDIR); /* a link, whatever kind */
	want(c_open(&c, FILE_FID, P9_O_RDONLY), ELOOP);
	want(c_clunk(&c, FILE_FID), 0);
	client_close(&c);
	connect_as(&f, &c, ALICE);
	want(open_file(&c, ROOT, "proc/sys/vm/swappiness", P9_O_WRONLY), EACCES);
	want(open_file(&c, ROOT, "etc/shadow", P9_O_RDONLY), EACCES);
	client_close(&c);
	kill(f.server, SIGTERM);
	waitpid(f.server, NULL, 0);
	close(f.inherited);
	unlink(f.socket);
}

static void test_read_only(void **state)
{
	struct server f = *(struct server *)*state;
	struct client c;
	struct p9_msg r, t;

	snprintf(f.socket, sizeof(f.socket), "%s.ro.sock", f.dir);
	server_start(&f, f.dir, "--read-only");
	connect_as(&f, &c, 0);
	want(open_file(&c, ROOT, "roots", P9_O_RDONLY), 0);
	want(open_file(&c, ROOT, "roots", P9_O_RDWR), EROFS);
	want(open_file(&c, ROOT, "roots", P9_O_RDONLY | P9_O_TRUNC), EROFS);
	want(c_mkdir(&c, ROOT, "x", 0755), EROFS);
	want(c_unlink(&c, ROOT, "roots", 0), EROFS);
	want(c_walk(&c, ROOT, FILE_FID, "roots"), 0);
	want(c_open(&c, FILE_FID, P9_O_RDONLY), 0);
	t = (struct p9_msg){ .type = P9_TLOCK, .fid = FILE_FID, .lock_type = P9_LOCK_WRITE };
	want(client_call(&c, &t, &r), EBADF);
	t = (struct p9_msg){ .type = P9_TREMOVE, .fid = FILE_FID };
	want(client_call(&c, &t, &r), EROFS);
	want(c_walk(&c, ROOT, NEW, ""), 0);
	want(c_create(&c, NEW, "x", P9_O_RDWR, 0644), EROFS);
	client_close(&c);
	kill(f.server, SIGTERM);
	waitpid(f.server, NULL, 0);
	close(f.inherited);
	unlink(f.socket);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		server_test(test_symlink_race),
		server_test(test_change_race),
		server_test(test_whole_tree),
		server_test(test_read_only),
	};

	if (geteuid() != 0) {
		puts("test_export: skipped: only root can be several users");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
