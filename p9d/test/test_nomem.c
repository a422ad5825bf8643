/* test_nomem.c: the n-th allocation, mapping or thread cannot be had, for each
 * n: the request is refused or the connection closed, nothing worse, and all
 * is well afterwards. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/conn.h"
#include "p9d/p9d.h"
#include "p9d/test/client.h"
#include "p9d/test/direct.h"

/* ---- what fails: ours come before the sanitizer's ---- */

static atomic_int countdown; /* 0: nothing fails; 1: the next one does */
static atomic_bool failed;
static _Thread_local bool ours; /* not what a C library asks for by itself */

static bool fails(void)
{
	int left = atomic_load(&countdown);

	if (!ours || left == 0)
		return false;
	atomic_store(&countdown, left - 1);
	if (left > 1)
		return false;
	atomic_store(&failed, true);
	errno = ENOMEM;
	return true;
}

void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
int __interceptor_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
				 void *(*run)(void *), void *arg);

void *malloc(size_t size)
{
	return fails() ? NULL : __interceptor_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __interceptor_calloc(count, size);
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	return fails() ? MAP_FAILED : __interceptor_mmap(addr, len, prot, flags, fd, offset);
}

struct start {
	void *(*run)(void *);
	void *arg;
};

static void *begin(void *arg)
{
	struct start start = *(struct start *)arg;

	free(arg);
	ours = true;
	start.arg = start.run(start.arg);
	ours = false;
	return start.arg;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	struct start *start = __interceptor_malloc(sizeof(*start));
	int err;

	*start = (struct start){ run, arg };
	if (fails()) {
		free(start);
		return EAGAIN;
	}
	ours = false;
	err = __interceptor_pthread_create(thread, attr, begin, start);
	ours = true;
	return err;
}

/* ---- a session ---- */

enum { TOP, DIR, PLAIN, XREAD, XWRITE, MADE, MANY };

#define T(type_, ...)                            \
	{                                        \
		.type = P9_T##type_, __VA_ARGS__ \
	}
#define NAME(text)                       \
	{                                \
		(text), sizeof(text) - 1 \
	}

/* A life of a session in which each kind of memory is asked for. */
static const struct p9_msg life[] = {
	T(ATTACH, .fid = TOP, .newfid = P9_NOFID),
	T(WALK, .fid = TOP, .newfid = DIR, .name_count = 1, .names = { NAME("d") }),
	T(WALK, .fid = TOP, .newfid = PLAIN, .name_count = 1, .names = { NAME("f") }),
	T(LOPEN, .fid = PLAIN, .flags = P9_O_RDWR),
	T(LOCK, .fid = PLAIN, .name = NAME("host")),
	T(GETLOCK, .fid = PLAIN, .proc_id = 2, .name = NAME("host")),
	T(WALK, .fid = TOP, .newfid = XWRITE, .name_count = 1, .names = { NAME("f") }),
	T(XATTRCREATE, .fid = XWRITE, .name = NAME("user.x"), .length = 1),
	T(WRITE, .fid = XWRITE, .count = 1, .data = (const uint8_t *)"x"),
	T(CLUNK, .fid = XWRITE),
	T(XATTRWALK, .fid = PLAIN, .newfid = XREAD, .name = NAME("user.x")),
	T(READ, .fid = XREAD, .count = 1),
	T(WALK, .fid = DIR, .newfid = MADE),
	T(LCREATE, .fid = MADE, .name = NAME("n"), .flags = P9_O_RDWR),
	T(WOPEN, .fid = TOP, .newfid = MANY, .name_count = 1, .names = { NAME("f") }),
};

/* Runs it all; the errors that came. */
static unsigned live(struct direct *d)
{
	unsigned errors = 0;

	for (size_t i = 0; i < array_len(life); i++)
		errors += direct_call(d, &life[i]) != 0;
	for (uint32_t fid = MANY + 1; fid < MANY + 40; fid++) {
		struct p9_msg t = T(WALK, .newfid = fid);

		errors += direct_call(d, &t) != 0;
	}
	return errors;
}

/* False when there was no n-th. */
static bool live_without(int n)
{
	static struct direct d;
	bool any;

	ours = true;
	atomic_store(&failed, false);
	atomic_store(&countdown, n);
	if (direct_init(&d, "9P2000.W") < 0) {
		atomic_store(&countdown, 0);
		return true;
	}
	live(&d);
	atomic_store(&countdown, 0);
	any = atomic_load(&failed);
	want(direct_call(&d, &(struct p9_msg)T(VERSION, .msize = 8192, .name = NAME("9P2000.W"))),
	     0);
	want(live(&d), 0);
	direct_fini(&d);
	return any;
}

static void test_protocol(void **state)
{
	int n = 1;

	(void)state;
	while (live_without(n))
		n++;
	print_message("%d allocations failed\n", n - 1);
	assert_true(n > 12);
}

/* ---- a connection that is not taken ---- */

static int start_conn(struct pool *pool, struct memtree *tree, int n)
{
	static const struct p9_policy policy = { .fid_limit = 64 };
	static const struct conn_greeting greeting = { .input = "in", .input_len = 2 };
	char byte;
	int pair[2], err;

	want(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	ours = true;
	atomic_store(&countdown, n);
	err = conn_start(pool, pair[1], &tree->tree, &policy, &greeting);
	atomic_store(&countdown, 0);
	want(read(pair[0], &byte, 1), 0); /* the peer sees its end */
	close(pair[0]);
	return err;
}

/* The sanitizer finds what is left of them. */
static void test_refused_connections(void **state)
{
	static struct memtree tree;
	struct pool pool;

	(void)state;
	memtree_init(&tree);
	want(pool_init(&pool), 0);
	for (int n = 1; n <= 3; n++)
		want(start_conn(&pool, &tree, n), -ENOMEM);
	pool.job_count = TASKS_MAX;
	want(start_conn(&pool, &tree, 0), -EUSERS);
	pool.job_count = 0;
	pool_fini(&pool);
}

/* ---- a server ---- */

/* A server whose n-th does not succeed. Exit status 0, 1: p9d_serve said so,
 * or 2: there was no n-th. */
static void serve_without(struct client *c, int n)
{
	static const struct p9d_config config = { .root = "/tmp", .umask = 022 };
	int pair[2];

	want(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	client_on(c, pair[0]);
	c->msize = 65536;
	c->server = fork();
	if (c->server == 0) {
		int err;

		close(pair[0]);
		alarm(1);
		atomic_store(&countdown, n);
		ours = true;
		atomic_store(&failed, false);
		err = p9d_serve(&config, pair[1], false);
		_exit(err ? 1 : atomic_load(&failed) ? 0 : 2);
	}
	close(pair[1]);
}

/* 0 or more: the error of a reply; -1: the connection was closed. */
static int ask(struct client *c, const struct p9_msg *t)
{
	uint8_t buf[256];
	struct p9_msg r;
	int len = p9_encode(t, buf, sizeof(buf));

	if (send(c->fd, buf, (size_t)len, MSG_NOSIGNAL) != len || !client_receive(c, &r))
		return -1;
	return r.type == P9_RLERROR ? (int)r.error : 0;
}

/* After one failure the same requests succeed on the same connection. */
static void converse(struct client *c)
{
	static const struct p9_msg says[] = {
		T(VERSION, .tag = P9_NOTAG, .msize = 65536, .name = NAME("9P2000.L")),
		T(ATTACH, .fid = TOP, .newfid = P9_NOFID, .uid = P9_NOUID),
		T(WALK, .fid = TOP, .newfid = DIR),
		T(LOPEN, .fid = DIR),
		T(READDIR, .fid = DIR, .count = 60000),
	};

	for (size_t i = 0; i < array_len(says); i++) {
		int err = ask(c, &says[i]);

		if (err < 0)
			return;
		if (err && ask(c, &says[i]) > 0)
			fail_msg("%s failed twice: %d", p9_type_name(says[i].type), err);
	}
}

static void test_server(void **state)
{
	int status = 0, n = 0, hangs = 0;

	(void)state;
	while (n < 50 && (!WIFEXITED(status) || WEXITSTATUS(status) != 2)) {
		struct client c;

		serve_without(&c, ++n);
		converse(&c);
		close(c.fd);
		free(c.in);
		free(c.out);
		want(waitpid(c.server, &status, 0), c.server);
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
			hangs++;
		else if (!WIFEXITED(status))
			fail_msg("allocation %d: the server ended with signal %d", n,
				 WTERMSIG(status));
	}
	print_message("%d allocations failed, %d hung\n", n - 1, hangs);
	assert_in_range(n, 7, 49);
	assert_int_equal(hangs, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protocol),
		cmocka_unit_test(test_refused_connections),
		cmocka_unit_test(test_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
