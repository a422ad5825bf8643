/* test_limits.c: when a process of the server has no descriptors, connections
 * or greetings left: who is told so, and that all is well afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/test/server.h"

#define FEW_FILES 160

/* Another server, that may have `files` descriptors. */
static void start_limited(struct server *f, const struct server *from, rlim_t files)
{
	struct rlimit few = { files, files };

	*f = *from;
	snprintf(f->socket, sizeof(f->socket), "%s.few.sock", f->dir);
	server_start(f, f->dir, NULL);
	want(prlimit(f->server, RLIMIT_NOFILE, &few, NULL), 0);
}

static void stop(struct server *f)
{
	want(waitpid(f->server, NULL, WNOHANG), 0);
	kill(f->server, SIGTERM);
	waitpid(f->server, NULL, 0);
	close(f->inherited);
	unlink(f->socket);
}

/* Walks until there is no descriptor left; the first fid that is not there. */
static uint32_t use_up(struct client *c, int *err)
{
	uint32_t fid = 100;

	while ((*err = c_walk(c, ROOT, fid, "roots")) == 0 && fid < 10000)
		fid++;
	return fid;
}

/* 0, an errno, or -1: closed without a word. */
static int try_attach(struct server *f, struct client *c, uint32_t uid)
{
	struct p9_msg t = { .type = P9_TATTACH, .newfid = P9_NOFID, .uid = uid }, r;

	client_connect(c, f->socket);
	want(c_version(c, "9P2000.W", 8192), 0);
	client_send(c, &t);
	if (!client_receive(c, &r))
		return -1;
	return r.type == P9_RLERROR ? (int)r.error : 0;
}

static void test_no_descriptors(void **state)
{
	struct server f;
	struct client full, same, other;
	struct p9_msg r;
	uint32_t end;
	int err;

	start_limited(&f, *state, FEW_FILES);
	connect_in(&f, &full, "9P2000.W", ALICE);
	end = use_up(&full, &err);
	want(err, ENFILE);
	assert_in_range(end, 100 + FEW_FILES / 4, 100 + FEW_FILES / 2);
	want(c_open(&full, end - 1, P9_O_RDONLY), ENFILE);
	want(c_getattr(&full, end - 1, &r), 0);
	connect_in(&f, &other, "9P2000.W", BOB); /* another process */
	want(open_file(&other, ROOT, "bob", P9_O_RDWR), 0);
	for (int i = 0; i < 3; i++) { /* the same process: it gets half of what is left */
		connect_in(&f, &same, "9P2000.W", ALICE);
		want(open_file(&same, ROOT, "alice", P9_O_RDWR), 0);
		assert_in_range(use_up(&same, &err), 100 + FEW_FILES / 8, end);
		want(err, ENFILE);
		client_close(&same);
		want(c_getattr(&full, ROOT, &r), 0);
	}
	want(c_clunk(&full, end - 1), 0);
	want(c_walk(&full, ROOT, end, "roots"), 0);
	client_close(&other);
	client_close(&full);
	stop(&f);
}

/* Opening, creating, locking, listing: each tells that there is none left, and
 * works once there is one. */
static void test_each_needs_one(void **state)
{
	struct server f;
	struct client c;
	struct p9_msg r, lock = { .type = P9_TLOCK, .fid = 3, .lock_type = P9_LOCK_READ };
	struct p9_msg attach = { .type = P9_TATTACH, .fid = 9, .newfid = P9_NOFID, .uid = ALICE };
	uint32_t end;
	int err;

	start_limited(&f, *state, FEW_FILES);
	connect_in(&f, &c, "9P2000.W", ALICE);
	want(c_walk(&c, ROOT, 3, "alice"), 0);
	want(c_open(&c, 3, P9_O_RDWR), 0);
	want(c_walk(&c, ROOT, 4, "alice"), 0);
	want(c_walk(&c, ROOT, 5, ""), 0);
	end = use_up(&c, &err);
	want(err, ENFILE);
	want(c_open(&c, 4, P9_O_RDWR), ENFILE);
	want(c_open(&c, 5, P9_O_RDONLY), ENFILE);
	want(c_create(&c, 5, "new", P9_O_RDWR, 0600), ENFILE);
	want(c_walk(&c, 3, 6, ""), ENFILE);
	want(client_call(&c, &lock, &r), 0);
	want(r.status, P9_LOCK_ERROR);
	want(client_call(&c, &attach, &r), ENFILE);
	want(c_write(&c, 3, 0, "open", 4), 4); /* needs none */
	want(c_clunk(&c, end - 1), 0);
	want(c_create(&c, 5, "new", P9_O_RDWR, 0600), 0);
	want(c_clunk(&c, 5), 0);
	want(client_call(&c, &lock, &r), 0);
	want(r.status, P9_LOCK_OK);
	want(c_clunk(&c, end - 2), 0);
	want(c_clunk(&c, end - 3), 0);
	want(client_call(&c, &attach, &r), 0);
	want(c_open(&c, 4, P9_O_RDWR), 0);
	client_close(&c);
	stop(&f);
}

static bool answers(struct client *c)
{
	return send(c->fd, "\x09\0\0\0\x6c\x01\0\0\0", 9, MSG_NOSIGNAL) == 9 &&
	       client_receive(c, &(struct p9_msg){ 0 });
}

/* The dispatcher itself is out of descriptors: who comes is answered all the same,
 * and the oldest that only connected goes. */
static void test_dispatcher_without_descriptors(void **state)
{
	enum { MANY = 50, FILES = 40, FEW = FILES / 3 };
	struct server f;
	struct client many[MANY], c;
	struct p9_msg r;

	start_limited(&f, *state, FILES);
	for (int i = 0; i < MANY; i++) {
		client_connect(&many[i], f.socket);
		assert_true(answers(&many[i]));
	}
	for (int i = 0; i < FEW; i++)
		assert_false(client_receive(&many[i], &r));
	for (int i = MANY - FEW; i < MANY; i++)
		assert_true(answers(&many[i]));
	for (int i = 0; i < MANY; i++)
		client_close(&many[i]);
	connect_in(&f, &c, "9P2000.W", ALICE);
	client_close(&c);
	stop(&f);
}

/* More connections than a process takes: the last is turned away, all others
 * and the next after one has gone are served. */
static void test_connection_limit(void **state)
{
	enum { LIMIT = 1024 };
	struct server *f = *state;
	struct client *c = calloc(LIMIT + 1, sizeof(*c));
	struct p9_msg r;
	int err = -1;

	assert_non_null(c);
	for (int i = 0; i < LIMIT; i++)
		want(try_attach(f, &c[i], ALICE), 0);
	want(try_attach(f, &c[LIMIT], ALICE) != 0, 1);
	client_close(&c[LIMIT]);
	want(try_attach(f, &c[LIMIT], BOB), 0); /* another process */
	client_close(&c[LIMIT]);
	for (int i = 0; i < LIMIT; i++)
		want(c_getattr(&c[i], ROOT, &r), 0);
	client_close(&c[0]);
	for (int i = 0; i < 500 && err; i++) { /* its end is seen in a moment */
		err = try_attach(f, &c[0], ALICE);
		if (err)
			client_close(&c[0]);
		if (err)
			usleep(10000);
	}
	want(err, 0);
	for (int i = 0; i < LIMIT; i++)
		client_close(&c[i]);
	free(c);
}

/* Fids to the limit of a session; that of another is not touched by it. */
static void test_fids_to_the_limit(void **state)
{
	struct server *f = *state;
	struct client c, other;
	struct p9_msg r;
	uint32_t fid = 100;
	struct rlimit files;
	int err;

	connect_in(f, &c, "9P2000.W", ALICE);
	connect_in(f, &other, "9P2000.W", ALICE);
	while ((err = c_walk(&c, ROOT, fid, "")) == 0)
		fid++;
	want(err, ENFILE);
	getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_max >= 4 * 65536) /* else it is the share */
		want(fid, 100 + 65536 - 1);
	want(c_getattr(&other, ROOT, &r), 0);
	want(c_walk(&c, ROOT, fid, ""), err);
	want(c_clunk(&c, 100), 0);
	want(c_walk(&c, ROOT, fid, ""), 0);
	want(c_clunk(&c, ROOT), 0);
	want(c_walk(&c, 200, 100, ""), 0);
	client_close(&c);
	want(c_getattr(&other, ROOT, &r), 0);
	client_close(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		server_test(test_no_descriptors),
		server_test(test_each_needs_one),
		server_test(test_dispatcher_without_descriptors),
		server_test(test_connection_limit),
		server_test(test_fids_to_the_limit),
	};

	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max; /* for a thousand connections */
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (geteuid() != 0) {
		puts("test_limits: skipped: only root can be several users");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
