/* test_dispatcher.c: who may be whom, what a user may not do, and that clients
 * do not disturb each other. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/test/server.h"

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
	struct server *f = *state;
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
	struct server *f = *state;
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

static int lock(struct client *c, const char *file, uint32_t flags, uint8_t type)
{
	struct p9_msg r, t = { .type = P9_TLOCK, .fid = FILE_FID, .lock_type = type };
	int err;

	want(c_walk(c, ROOT, FILE_FID, file), 0);
	want(c_open(c, FILE_FID, flags), 0);
	err = client_call(c, &t, &r);
	want(c_clunk(c, FILE_FID), 0);
	return err ? err : -r.status;
}

/* A lock keeps others from reading or writing: it takes the right to do so, by
 * whatever right the file is open already. */
static void test_locks_need_rights(void **state)
{
	struct server *f = *state;
	struct client c;
	char path[128];

	snprintf(path, sizeof(path), "%s/roots", f->dir);
	want(chmod(path, 0644), 0);
	snprintf(path, sizeof(path), "%s/bob", f->dir);
	want(chmod(path, 0622), 0);
	connect_as(f, &c, ALICE);
	want(lock(&c, "roots", P9_O_RDONLY, P9_LOCK_READ), P9_LOCK_OK);
	want(lock(&c, "roots", P9_O_RDONLY, P9_LOCK_WRITE), EBADF);
	want(lock(&c, "bob", P9_O_WRONLY, P9_LOCK_WRITE), P9_LOCK_OK);
	want(lock(&c, "bob", P9_O_WRONLY, P9_LOCK_READ), EBADF);
	want(lock(&c, "alice", P9_O_RDONLY, P9_LOCK_WRITE), P9_LOCK_OK);
	want(lock(&c, "alice", P9_O_WRONLY, P9_LOCK_READ), P9_LOCK_OK);
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
	struct server *f = *state;
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
	struct server *f = *state;
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
	struct server *f = *state;
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
	struct server *f = *state;
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
	struct server *f = *state;
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
	struct server *f = *state;
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
	struct server *f = *state;
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

/* ---- processes that their users stop ---- */

static uid_t status_uid(long pid)
{
	char path[64], text[4096];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	if (file_read(path, text, sizeof(text)) < 0)
		return (uid_t)-1;
	at = strstr(text, "\nUid:");
	return at ? (uid_t)strtoul(at + 5, NULL, 10) : (uid_t)-1;
}

/* The newest process of the server's that is this user's. */
static pid_t worker_of(const struct server *f, uid_t uid)
{
	char path[64], text[4096];
	pid_t found = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", f->server, f->server);
	assert_true(file_read(path, text, sizeof(text)) >= 0);
	for (char *at = text, *end; *at; at = end) {
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		if (status_uid(pid) == uid)
			found = (pid_t)pid;
	}
	return found;
}

/* Connects as ALICE in vain until no process of hers takes any more. 0, or the
 * error that says so. */
static int fill_up(struct server *f, struct client *c, unsigned max)
{
	struct p9_msg t = { .type = P9_TATTACH, .newfid = P9_NOFID, .uid = ALICE }, r;

	for (unsigned i = 0; i < max; i++) {
		client_connect(&c[i], f->socket);
		want(c_version(&c[i], "9P2000.W", 8192), 0);
		client_send(&c[i], &t);
		if (client_has_reply(&c[i], i % 64 == 63 ? 1000 : 0) && client_receive(&c[i], &r))
			return r.type == P9_RLERROR ? (int)r.error : 0;
	}
	return -1;
}

static void test_stopped_worker(void **state)
{
	enum { MANY = 4096, EACH = 4 };
	struct server *f = *state;
	struct client *c = calloc(MANY, sizeof(*c)), other;
	pid_t stopped[EACH];
	int got = 0;

	assert_non_null(c);
	connect_in(f, &other, "9P2000.W", ALICE);
	client_close(&other);
	for (int i = 0; i < EACH; i++) {
		stopped[i] = worker_of(f, ALICE);
		assert_true(stopped[i] > 0);
		want(kill(stopped[i], SIGSTOP), 0);
		got = fill_up(f, c, MANY); /* until the next process answers */
		want(got, i + 1 < EACH ? 0 : EAGAIN);
		connect_in(f, &other, "9P2000.W", BOB);
		want(open_file(&other, ROOT, "bob", P9_O_RDWR), 0);
		client_close(&other);
		for (int k = 0; k < MANY && c[k].server == 0 && c[k].out; k++) {
			client_close(&c[k]);
			c[k] = (struct client){ 0 };
		}
	}
	for (int i = 0; i < EACH; i++)
		want(kill(stopped[i], SIGCONT), 0);
	connect_in(f, &other, "9P2000.W", ALICE);
	want(open_file(&other, ROOT, "alice", P9_O_RDWR), 0);
	client_close(&other);
	free(c);
}

/* ---- locks that many wait for ---- */

/* Of one user, on more connections than could have a thread for each wait. */
static void test_many_waits_of_one_user(void **state)
{
	enum { CONNS = 33, WAITS = 16 };
	struct server *f = *state;
	struct client holder, c[CONNS];
	struct p9_msg r, t = { .type = P9_TLOCK, .fid = FILE_FID, .lock_type = P9_LOCK_WRITE };

	connect_in(f, &holder, "9P2000.W", ALICE);
	want(c_walk(&holder, ROOT, FILE_FID, "alice"), 0);
	want(c_open(&holder, FILE_FID, P9_O_RDWR), 0);
	want(client_call(&holder, &t, &r), 0);
	t.lock_type = P9_LOCK_READ;
	t.flags = P9_LOCK_FLAG_BLOCK;
	for (int i = 0; i < CONNS; i++) {
		connect_in(f, &c[i], "9P2000.W", ALICE);
		want(c_walk(&c[i], ROOT, FILE_FID, "alice"), 0);
		want(c_open(&c[i], FILE_FID, P9_O_RDWR), 0);
		for (t.tag = 1000; t.tag < 1000 + WAITS; t.tag++) {
			t.proc_id = t.tag;
			client_send(&c[i], &t);
		}
	}
	usleep(100000); /* until it is stuck, should it get stuck */
	client_send(&holder, &(struct p9_msg){ .type = P9_TCLUNK, .fid = FILE_FID });
	assert_true(client_has_reply(&holder, 5000));
	client_close(&holder);
	for (int i = 0; i < CONNS; i++) {
		for (int k = 0; k < WAITS; k++) {
			assert_true(client_has_reply(&c[i], 5000));
			assert_true(client_receive(&c[i], &r));
			want(r.type, P9_TLOCK + 1);
			want(r.status, P9_LOCK_OK);
		}
		client_close(&c[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		server_test(test_each_sees_its_own),
		server_test(test_new_files_are_the_users),
		server_test(test_setgid_directory),
		server_test(test_user_has_no_power),
		server_test(test_locks_need_rights),
		server_test(test_root_has_only_files_power),
		server_test(test_many_users_on_one_connection),
		server_test(test_peer_is_only_itself),
		server_test(test_inherited_connection),
		server_test(test_early_requests),
		server_test(test_garbage_hurts_nobody),
		server_test(test_silent_clients),
		server_test(test_many_idle_connections),
		server_test(test_stopped_worker),
		server_test(test_many_waits_of_one_user),
	};

	if (geteuid() != 0) {
		puts("test_dispatcher: skipped: only root can be several users");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
