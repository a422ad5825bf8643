/* test_broker.c: the whole server on a socket: who may be whom, what a user
 * may not do, and that clients do not disturb each other. Needs root. */
#include <errno.h>
#include <fcntl.h>
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
#include "p9d/test/client.h"

struct fixture {
	char dir[64];
	char socket[80];
	pid_t server;
	int inherited; /* our end of a connection that the server was given */
};

enum { ROOT, FILE_FID, NEW };
enum { ALICE = 54321, BOB = 54322 };

static void make_owned(const char *dir, const char *name, mode_t mode, uid_t uid)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	want(file_create(path, "secret", 0600), 0);
	want(chown(path, uid, uid), 0);
	want(chmod(path, mode), 0);
}

static void start(struct fixture *f, const char *root, const char *extra)
{
	char listen[100], inherit[32];
	int pair[2];

	want(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	snprintf(listen, sizeof(listen), "unix:%s", f->socket);
	snprintf(inherit, sizeof(inherit), "fd:%d", pair[1]);
	f->inherited = pair[0];
	f->server = fork();
	if (f->server == 0) {
		char *argv[] = { (char[]){ "p9d" },
				 (char[]){ "--listen" },
				 listen,
				 (char[]){ "--listen" },
				 inherit,
				 (char[]){ "--root" },
				 strdup(root),
				 extra ? strdup(extra) : NULL,
				 NULL };

		close(pair[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(p9d_main(extra ? 8 : 7, argv));
	}
	close(pair[1]);
	for (int i = 0; i < 200 && access(f->socket, F_OK) < 0; i++)
		usleep(10000);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/p9d-broker-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	want(chmod(f->dir, 01777), 0);
	umask(0);
	snprintf(f->socket, sizeof(f->socket), "%s.sock", f->dir);
	make_owned(f->dir, "alice", 0600, ALICE);
	make_owned(f->dir, "bob", 0600, BOB);
	make_owned(f->dir, "roots", 0600, 0);
	start(f, f->dir, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[200];
	int status;

	want(waitpid(f->server, &status, WNOHANG), 0); /* nothing has ended it */
	close(f->inherited);
	kill(f->server, SIGTERM);
	waitpid(f->server, &status, 0);
	snprintf(command, sizeof(command), "rm -rf %s %s", f->dir, f->socket);
	want(system(command), 0);
	free(f);
	return 0;
}

static void connect_as(struct fixture *f, struct client *c, uint32_t uid)
{
	client_connect(c, f->socket);
	want(c_version(c, "9P2000.L", 65536), 0);
	want(c_attach(c, ROOT, uid), 0);
}

static int open_file(struct client *c, uint32_t root, const char *name, uint32_t flags)
{
	int err = c_walk(c, root, FILE_FID, name);

	if (err)
		return err;
	err = c_open(c, FILE_FID, flags);
	want(c_clunk(c, FILE_FID), 0);
	return err;
}

/* ---- identity ---- */

static void test_each_sees_its_own(void **state)
{
	static const struct {
		const char *file;
		uint32_t uid;
		int error;
	} cases[] = {
		{ "roots", 0, 0 },        { "alice", 0, 0 },          { "alice", ALICE, 0 },
		{ "bob", ALICE, EACCES }, { "roots", ALICE, EACCES }, { "bob", BOB, 0 },
		{ "alice", BOB, EACCES },
	};

	for (size_t i = 0; i < array_len(cases); i++) {
		struct client c;

		connect_as(*state, &c, cases[i].uid);
		want(open_file(&c, ROOT, cases[i].file, P9_O_RDWR), cases[i].error);
		client_close(&c);
	}
}

static void test_new_files_are_the_users(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct stat st;
	char path[128];

	connect_as(f, &c, ALICE);
	want(c_walk(&c, ROOT, NEW, ""), 0);
	want(c_create(&c, NEW, "new", P9_O_RDWR, 0640), 0);
	want(c_mkdir(&c, ROOT, "newdir", 0750), 0);
	snprintf(path, sizeof(path), "%s/new", f->dir);
	want(stat(path, &st), 0);
	want(st.st_uid, ALICE);
	want(st.st_gid, ALICE); /* not 0, which the client asked for */
	want(st.st_mode & 07777, 0640);
	want(c_unlink(&c, ROOT, "bob", 0), EPERM); /* sticky */
	client_close(&c);
}

static void test_setgid_directory(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct stat st;
	char path[128];

	snprintf(path, sizeof(path), "%s/g", f->dir);
	want(mkdir(path, 0755), 0);
	want(chown(path, ALICE, BOB), 0);
	want(chmod(path, 02775), 0);
	connect_as(f, &c, ALICE);
	want(c_walk(&c, ROOT, NEW, "g"), 0);
	want(c_create(&c, NEW, "in", P9_O_RDWR, 0664), 0);
	snprintf(path, sizeof(path), "%s/g/in", f->dir);
	want(stat(path, &st), 0);
	want(st.st_gid, BOB); /* the directory's */
	client_close(&c);
}

static int set_xattr(struct client *c, const char *file, const char *name)
{
	struct p9_msg t = {
		.type = P9_TXATTRCREATE, .fid = FILE_FID, .name = str_of(name), .length = 1
	};
	struct p9_msg r;

	want(c_walk(c, ROOT, FILE_FID, file), 0);
	want(client_call(c, &t, &r), 0);
	want(c_write(c, FILE_FID, 0, "x", 1), 1);
	return c_clunk(c, FILE_FID);
}

static int set_owner(struct client *c, const char *file, uint32_t uid)
{
	struct p9_msg t = {
		.type = P9_TSETATTR, .fid = FILE_FID, .mask = P9_SET_UID, .attr = { .uid = uid }
	};
	struct p9_msg r;
	int err;

	want(c_walk(c, ROOT, FILE_FID, file), 0);
	err = client_call(c, &t, &r);
	want(c_clunk(c, FILE_FID), 0);
	return err;
}

/* What a server that is root in any part of its work would allow. */
static void check_no_power(struct client *c)
{
	want(set_xattr(c, "alice", "trusted.x"), EPERM);
	want(set_xattr(c, "roots", "user.x"), EACCES);
	want(set_xattr(c, "alice", "security.x"), EPERM);
	want(set_owner(c, "alice", BOB), EPERM);
	want(set_owner(c, "roots", ALICE), EPERM);
	want(open_file(c, ROOT, "roots", P9_O_RDONLY), EACCES);
}

static void test_user_has_no_power(void **state)
{
	struct client c;

	connect_as(*state, &c, ALICE);
	check_no_power(&c);
	client_close(&c);
}

static void test_root_has_only_files_power(void **state)
{
	struct client c;

	connect_as(*state, &c, 0);
	want(set_owner(&c, "alice", BOB), 0);
	want(set_owner(&c, "alice", ALICE), 0);
	want(set_xattr(&c, "roots", "trusted.x"), EPERM); /* no CAP_SYS_ADMIN */
	client_close(&c);
}

/* The kernel's client: nobody at first, then each user as it comes. */
static void test_many_users_on_one_connection(void **state)
{
	struct fixture *f = *state;
	struct client c;

	connect_as(f, &c, P9_NOUID);
	want(c_attach(&c, 10, 0), 0);
	want(c_attach(&c, 11, ALICE), 0);
	want(c_attach(&c, 12, BOB), 0);
	for (int i = 0; i < 10; i++) {
		want(open_file(&c, 10, "roots", P9_O_RDWR), 0);
		want(open_file(&c, 11, "alice", P9_O_RDWR), 0);
		want(open_file(&c, 11, "bob", P9_O_RDWR), EACCES);
		want(open_file(&c, 12, "bob", P9_O_RDWR), 0);
		want(open_file(&c, 12, "roots", P9_O_RDWR), EACCES);
	}
	want(c_walk(&c, 11, 21, ""), 0);
	want(c_create(&c, 21, "of-alice", P9_O_RDWR, 0600), 0);
	want(open_file(&c, 12, "of-alice", P9_O_RDWR), EACCES);
	want(open_file(&c, 11, "of-alice", P9_O_RDWR), 0);
	want(c_clunk(&c, ROOT), 0);
	want(c_attach(&c, ROOT, ALICE), 0);
	check_no_power(&c);
	client_close(&c);
}

/* A peer that is not root is itself and nobody else. */
static void test_peer_is_only_itself(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct client c;
		int got;

		if (setresgid(ALICE, ALICE, ALICE) < 0 || setresuid(ALICE, ALICE, ALICE) < 0)
			_exit(100);
		client_connect(&c, f->socket);
		c_version(&c, "9P2000.L", 65536);
		got = c_attach(&c, 1, 0);
		if (got != EPERM)
			_exit(1);
		if (c_attach(&c, 1, BOB) != EPERM)
			_exit(2);
		if (c_attach(&c, ROOT, P9_NOUID) != 0)
			_exit(3);
		if (c_attach(&c, 2, BOB) != EPERM || c_attach(&c, 2, 0) != EPERM)
			_exit(4);
		if (c_attach(&c, 2, ALICE) != 0)
			_exit(5);
		if (open_file(&c, ROOT, "alice", P9_O_RDWR) != 0)
			_exit(6);
		_exit(open_file(&c, ROOT, "bob", P9_O_RDWR) == EACCES ? 0 : 7);
	}
	want(waitpid(pid, &status, 0), pid);
	want(WEXITSTATUS(status), 0);
}

static void test_inherited_connection(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_on(&c, dup(f->inherited));
	want(c_version(&c, "9P2000.L", 65536), 0);
	want(c_attach(&c, ROOT, BOB), 0);
	want(open_file(&c, ROOT, "bob", P9_O_RDWR), 0);
	want(open_file(&c, ROOT, "alice", P9_O_RDWR), EACCES);
	client_close(&c);
}

/* ---- before Tattach ---- */

static void test_early_requests(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct p9_msg r, t = { .type = P9_TFLUSH, .oldtag = 3 };

	client_connect(&c, f->socket);
	want(client_call(&c, &t, &r), 0);
	want(c_attach(&c, ROOT, 0), EPROTO); /* no version yet */
	want(c_version(&c, "9P1999", 65536), EPROTONOSUPPORT);
	want(c_version(&c, "9P2000.L", 1000), EMSGSIZE);
	want(c_version(&c, "9P2000.L", 65536), 0);
	want(c_getattr(&c, ROOT, &r), EBADF);
	want(c_clunk(&c, ROOT), EBADF);
	t = (struct p9_msg){ .type = P9_TAUTH };
	want(client_call(&c, &t, &r), ENOENT);
	t = (struct p9_msg){ .type = P9_TATTACH, .newfid = P9_NOFID, .target = str_of("missing") };
	want(client_call(&c, &t, &r), ENOENT);
	want(c_attach(&c, ROOT, 0), 0);
	client_close(&c);
}

static void test_garbage_hurts_nobody(void **state)
{
	struct fixture *f = *state;
	struct client good;
	struct p9_msg r;
	uint32_t seed = 1;

	connect_as(f, &good, 0);
	for (int i = 0; i < 200; i++) {
		struct client bad;
		uint8_t junk[512];

		for (size_t k = 0; k < sizeof(junk); k++) {
			seed = seed * 1103515245 + 12345;
			junk[k] = (uint8_t)(seed >> 16);
		}
		client_connect(&bad, f->socket);
		if (i % 2) { /* after the greeting, as the same user */
			want(c_version(&bad, "9P2000.L", 65536), 0);
			want(c_attach(&bad, ROOT, 0), 0);
		}
		junk[0] = (uint8_t)(i % 4 ? sizeof(junk) & 255 : junk[0]);
		junk[1] = (uint8_t)(i % 4 ? sizeof(junk) >> 8 : junk[1]);
		junk[2] = junk[3] = 0;
		junk[4] = (uint8_t)(8 + i % 126);
		send(bad.fd, junk, sizeof(junk), MSG_NOSIGNAL);
		client_close(&bad);
		want(c_getattr(&good, ROOT, &r), 0);
	}
	client_close(&good);
}

/* Greetings that never end leave room for others. */
static void test_silent_clients(void **state)
{
	struct fixture *f = *state;
	struct client silent[40], good;

	for (size_t i = 0; i < array_len(silent); i++) {
		client_connect(&silent[i], f->socket);
		client_send_raw(&silent[i], "\x13\0", 2);
	}
	connect_as(f, &good, ALICE);
	client_close(&good);
	for (size_t i = 0; i < array_len(silent); i++)
		client_close(&silent[i]);
}

static void test_many_idle_connections(void **state)
{
	struct fixture *f = *state;
	struct client *c = calloc(300, sizeof(*c));
	struct p9_msg r;

	assert_non_null(c);
	for (int i = 0; i < 300; i++)
		connect_as(f, &c[i], 0);
	for (int i = 0; i < 300; i++)
		want(c_getattr(&c[i], ROOT, &r), 0);
	for (int i = 0; i < 300; i++)
		client_close(&c[i]);
	free(c);
}

/* ---- the tree ---- */

static void swap_links(const char *dir)
{
	char name[100], real[100], fake[100];

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
	struct fixture *f = *state;
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
	struct fixture f = *(struct fixture *)*state;
	struct client c;

	snprintf(f.socket, sizeof(f.socket), "%s.root.sock", f.dir);
	start(&f, "/", NULL);
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
	struct fixture f = *(struct fixture *)*state;
	struct client c;
	struct p9_msg r, t;

	snprintf(f.socket, sizeof(f.socket), "%s.ro.sock", f.dir);
	start(&f, f.dir, "--read-only");
	connect_as(&f, &c, 0);
	want(open_file(&c, ROOT, "roots", P9_O_RDONLY), 0);
	want(open_file(&c, ROOT, "roots", P9_O_RDWR), EROFS);
	want(open_file(&c, ROOT, "roots", P9_O_RDONLY | P9_O_TRUNC), EROFS);
	want(c_mkdir(&c, ROOT, "x", 0755), EROFS);
	want(c_unlink(&c, ROOT, "roots", 0), EROFS);
	want(c_walk(&c, ROOT, FILE_FID, "roots"), 0);
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

#define broker_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		broker_test(test_each_sees_its_own),
		broker_test(test_new_files_are_the_users),
		broker_test(test_setgid_directory),
		broker_test(test_user_has_no_power),
		broker_test(test_root_has_only_files_power),
		broker_test(test_many_users_on_one_connection),
		broker_test(test_peer_is_only_itself),
		broker_test(test_inherited_connection),
		broker_test(test_early_requests),
		broker_test(test_garbage_hurts_nobody),
		broker_test(test_silent_clients),
		broker_test(test_many_idle_connections),
		broker_test(test_symlink_race),
		broker_test(test_whole_tree),
		broker_test(test_read_only),
	};

	if (geteuid() != 0) {
		puts("test_broker: skipped: only root can be several users");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
