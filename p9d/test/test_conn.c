/* test_thread.c: a connection whose requests block, arrive in pieces, are
 * flushed, or are not read. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/loop.h"
#include "p9d/conn.h"
#include "p9d/posix.h"
#include "p9d/test/client.h"
#include "p9d/worker.h"

struct fixture {
	struct client c;
	char dir[64];
	int held; /* the file, locked by us */
};

enum { ROOT, LOCKED, OTHER };

static void lock_file(int fd, short type)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET };

	want(fcntl(fd, F_OFD_SETLK, &fl), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[128];

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/p9d-thread-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(path, sizeof(path), "%s/f", f->dir);
	want(file_create(path, "hello", 0644), 0);
	f->held = open(path, O_RDWR | O_CLOEXEC);
	lock_file(f->held, F_WRLCK);
	client_serve(&f->c, f->dir);
	want(c_version(&f->c, "9P2000.L", 65536), 0);
	want(c_attach(&f->c, ROOT, geteuid()), 0);
	want(c_walk(&f->c, ROOT, LOCKED, "f"), 0);
	want(c_open(&f->c, LOCKED, P9_O_RDWR), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	client_close(&f->c); /* the server must end by itself, whatever it waits for */
	close(f->held);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	want(system(command), 0);
	free(f);
	return 0;
}

/* Sends a Tlock that has to wait. */
static void send_lock(struct client *c, uint16_t tag)
{
	struct p9_msg t = { .type = P9_TLOCK,
			    .tag = tag,
			    .fid = LOCKED,
			    .lock_type = P9_LOCK_WRITE,
			    .flags = P9_LOCK_FLAG_BLOCK,
			    .proc_id = tag,
			    .name = str_of("test") };

	client_send(c, &t);
}

static void send_unlock(struct client *c, uint16_t proc)
{
	struct p9_msg t = { .type = P9_TLOCK,
			    .tag = 0,
			    .fid = LOCKED,
			    .lock_type = P9_LOCK_NONE,
			    .proc_id = proc,
			    .name = str_of("test") };

	client_send(c, &t);
}

static void send_flush(struct client *c, uint16_t tag, uint16_t oldtag)
{
	struct p9_msg t = { .type = P9_TFLUSH, .tag = tag, .oldtag = oldtag };

	client_send(c, &t);
}

static void expect(struct client *c, uint8_t type, uint16_t tag)
{
	struct p9_msg r;

	assert_true(client_has_reply(c, 5000));
	assert_true(client_receive(c, &r));
	if (r.type != type || r.tag != tag)
		fail_msg("%s tag %u, want %s tag %u", p9_type_name(r.type), r.tag,
			 p9_type_name(type), tag);
}

/* Two Rlock, whichever comes first: that of tag 0, and the other, whose tag it is. */
static uint16_t expect_two(struct client *c)
{
	uint16_t tag = 0;
	struct p9_msg r;

	for (int i = 0; i < 2; i++) {
		assert_true(client_has_reply(c, 5000));
		assert_true(client_receive(c, &r));
		want(r.type, P9_TLOCK + 1);
		want(r.status, P9_LOCK_OK);
		assert_true(r.tag == 0 || tag == 0);
		tag |= r.tag;
	}
	return tag;
}

static void test_others_go_on_while_one_waits(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r;

	send_lock(&f->c, 1000);
	for (int i = 0; i < 100; i++)
		want(c_getattr(&f->c, ROOT, &r), 0);
	lock_file(f->held, F_UNLCK);
	expect(&f->c, P9_TLOCK + 1, 1000);
}

/* A lock is passed on at once within the process, and soon to one who waits for
 * somebody outside. */
static void test_passed_on(void **state)
{
	struct fixture *f = *state;
	uint16_t holder = 1;
	int64_t begin;

	lock_file(f->held, F_UNLCK);
	send_lock(&f->c, 1);
	expect(&f->c, P9_TLOCK + 1, 1);
	for (uint16_t tag = 2; tag < 50; tag++)
		send_lock(&f->c, tag);
	begin = loop_now();
	for (int i = 0; i < 48; i++) {
		send_unlock(&f->c, holder);
		holder = expect_two(&f->c);
	}
	assert_in_range(loop_now() - begin, 0, 5000); /* a tenth of a second each */
}

static void test_many_wait(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r;
	unsigned blocked = 0;

	/* More than may wait: the rest is told at once that it is blocked. */
	for (uint16_t tag = 1000; tag < 1300; tag++)
		send_lock(&f->c, tag);
	while (blocked < 300 - SESSION_LOCK_WAITERS) {
		assert_true(client_has_reply(&f->c, 5000));
		assert_true(client_receive(&f->c, &r));
		want(r.type, P9_TLOCK + 1);
		want(r.status, P9_LOCK_BLOCKED);
		blocked++;
	}
	want(c_getattr(&f->c, ROOT, &r), 0);
	assert_false(client_has_reply(&f->c, 20));
}

static void test_flush(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r;

	send_flush(&f->c, 1, 999); /* of nothing */
	expect(&f->c, P9_TFLUSH + 1, 1);
	send_lock(&f->c, 1000);
	want(c_getattr(&f->c, ROOT, &r), 0); /* it is waiting, or will be */
	send_flush(&f->c, 2001, 1000);
	send_flush(&f->c, 2002, 1000);
	send_flush(&f->c, 2003, 2001);   /* of a flush */
	expect(&f->c, P9_RLERROR, 1000); /* the answer comes before those to flushes */
	expect(&f->c, P9_TFLUSH + 1, 2001);
	expect(&f->c, P9_TFLUSH + 1, 2002);
	expect(&f->c, P9_TFLUSH + 1, 2003);
	send_lock(&f->c, 1000); /* the tag is free again */
	lock_file(f->held, F_UNLCK);
	expect(&f->c, P9_TLOCK + 1, 1000);
}

static void test_flush_in_one_write(void **state)
{
	struct fixture *f = *state;

	for (uint16_t tag = 1; tag < 200; tag++) {
		send_lock(&f->c, 1000);
		send_flush(&f->c, tag, 1000);
		expect(&f->c, P9_RLERROR, 1000);
		expect(&f->c, P9_TFLUSH + 1, tag);
	}
}

/* As many flushes of one request as are remembered: answered in order,
 * and after it. */
static void test_many_flushes(void **state)
{
	const uint16_t first = 2000, end = first + 16;
	struct fixture *f = *state;
	struct p9_msg r;

	send_lock(&f->c, 1000);
	want(c_getattr(&f->c, ROOT, &r), 0);
	for (uint16_t tag = first; tag < end; tag++)
		send_flush(&f->c, tag, tag % 2 ? tag - 1 : 1000);
	expect(&f->c, P9_RLERROR, 1000);
	for (uint16_t tag = first; tag < end; tag++)
		expect(&f->c, P9_TFLUSH + 1, tag);
	want(c_getattr(&f->c, ROOT, &r), 0);
}

/* What has taken effect is answered as what it was. */
static void test_flush_of_what_is_done(void **state)
{
	struct fixture *f = *state;
	struct p9_msg t = { .type = P9_TMKDIR, .fid = ROOT, .tag = 7, .name = str_of("made") };
	struct p9_msg r;

	client_send(&f->c, &t);
	send_flush(&f->c, 8, 7);
	send_flush(&f->c, 9, 8);   /* of a flush that is answered */
	send_flush(&f->c, 10, 10); /* of itself */
	expect(&f->c, P9_TMKDIR + 1, 7);
	expect(&f->c, P9_TFLUSH + 1, 8);
	expect(&f->c, P9_TFLUSH + 1, 9);
	expect(&f->c, P9_TFLUSH + 1, 10);
	want(c_walk(&f->c, ROOT, OTHER, "made"), 0);
	want(c_getattr(&f->c, OTHER, &r), 0);
}

static void test_clunk_ends_waiting(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r;

	send_lock(&f->c, 1000);
	for (int i = 0; i < 200; i++)
		want(c_getattr(&f->c, ROOT, &r), 0);
	client_send(&f->c, &(struct p9_msg){ .type = P9_TCLUNK, .tag = 5, .fid = LOCKED });
	for (int i = 0; i < 2; i++) {
		assert_true(client_has_reply(&f->c, 5000));
		assert_true(client_receive(&f->c, &r));
		assert_true((r.type == P9_TCLUNK + 1 && r.tag == 5) ||
			    (r.type == P9_RLERROR && r.tag == 1000));
	}
}

static void test_version_ends_waiting(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r;

	send_lock(&f->c, 1000);
	for (int i = 0; i < 200; i++)
		want(c_getattr(&f->c, ROOT, &r), 0);
	want(c_version(&f->c, "9P2000.L", 65536), 0);
	want(c_attach(&f->c, ROOT, geteuid()), 0);
	want(c_walk(&f->c, ROOT, LOCKED, "f"), 0);
	assert_false(client_has_reply(&f->c, 50)); /* no late answer */
}

/* The server must notice that the client is gone: teardown waits for it. */
static void test_disconnect_while_waiting(void **state)
{
	struct fixture *f = *state;

	for (uint16_t tag = 1000; tag < 1010; tag++)
		send_lock(&f->c, tag);
}

static void test_byte_by_byte(void **state)
{
	struct fixture *f = *state;
	struct p9_msg t = { .type = P9_TGETATTR, .tag = 5, .fid = ROOT }, r;
	uint8_t buf[64];
	int len = p9_encode(&t, buf, sizeof(buf));

	for (int i = 0; i < len; i++) {
		assert_false(client_has_reply(&f->c, i == 10 ? 1300 : 0)); /* over a rest, too */
		client_send_raw(&f->c, buf + i, 1);
	}
	assert_true(client_receive(&f->c, &r));
	want(r.type, P9_TGETATTR + 1);
}

static void test_after_a_rest(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r;

	assert_false(client_has_reply(&f->c, 1300));
	want(c_getattr(&f->c, ROOT, &r), 0);
	assert_false(client_has_reply(&f->c, 1300));
	want(c_getattr(&f->c, ROOT, &r), 0);
}

static void test_pipelined(void **state)
{
	enum { COUNT = 5000 };
	struct fixture *f = *state;
	uint8_t *buf = malloc(COUNT * 32);
	size_t len = 0;
	struct p9_msg r;

	for (int i = 0; i < COUNT; i++) {
		struct p9_msg t = { .type = P9_TFLUSH, .tag = (uint16_t)i, .oldtag = 60000 };
		int n = p9_encode(&t, buf + len, 32);

		len += (size_t)n;
	}
	client_send_raw(&f->c, buf, len);
	for (int i = 0; i < COUNT; i++) {
		assert_true(client_receive(&f->c, &r));
		want(r.tag, i);
	}
	free(buf);
}

/* Sizes that cannot be: the stream is lost, the connection closed. */
static void test_impossible_size(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 6, 65537, 0x7fffffff, 0xffffffff };
	struct fixture *f = *state;
	struct p9_msg r;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct client c;
		uint8_t raw[8] = { (uint8_t)sizes[i], (uint8_t)(sizes[i] >> 8),
				   (uint8_t)(sizes[i] >> 16), (uint8_t)(sizes[i] >> 24),
				   P9_TGETATTR };

		client_serve(&c, f->dir);
		want(c_version(&c, "9P2000.L", 65536), 0);
		client_send_raw(&c, raw, sizeof(raw));
		assert_false(client_receive(&c, &r));
		client_close(&c);
	}
}

static void test_too_many_errors(void **state)
{
	struct fixture *f = *state;
	static const uint8_t raw[7] = { 7, 0, 0, 0, P9_TWALK, 1, 0 };
	struct p9_msg r;
	int n = 0;

	for (; n < 2000; n++) {
		if (write(f->c.fd, raw, sizeof(raw)) < 0 || !client_receive(&f->c, &r))
			break;
		want(r.error, EPROTO);
	}
	want(n, 1000);
}

/* Large replies that nobody takes: the server waits for the client alone, and
 * ends with it. */
static void test_never_reads(void **state)
{
	struct fixture *f = *state;
	struct p9_msg t = { .type = P9_TGETATTR, .fid = ROOT };
	uint8_t buf[64];
	int len = p9_encode(&t, buf, sizeof(buf));
	int64_t end = loop_now() + 200;

	want(fd_set_nonblock(f->c.fd), 0);
	while (loop_now() < end)
		if (write(f->c.fd, buf, (size_t)len) < 0)
			assert_int_equal(errno, EAGAIN);
}

/* ---- a pool in this process, whose threads can be looked at ---- */

struct own_pool {
	struct tree_ops ops;
	struct pool pool;
	struct posix_tree tree;
	pthread_t watcher;
};

static void *watch_pool(void *arg)
{
	struct own_pool *own = arg;
	struct pool_control control = { .fd = -1, .idle_ms = 0 };

	pool_run(&own->pool, &control);
	return NULL;
}

static int slow[2]; /* a pipe: a byte for each sync that may end */

static int slow_sync(struct filetree *tree, const struct tree_file *file, bool data_only)
{
	char byte;

	(void)tree;
	(void)file;
	(void)data_only;
	return read(slow[0], &byte, 1) == 1 ? 0 : -errno;
}

static void send_sync(struct client *c, uint16_t tag)
{
	struct p9_msg t = { .type = P9_TFSYNC, .tag = tag, .fid = LOCKED };

	client_send(c, &t);
}

static void end_sync(void)
{
	want(write(slow[1], "", 1), 1);
}

static void own_start(struct own_pool *own, struct client *c, const char *dir)
{
	static const struct conn_greeting greeting = { .msize = 0 };
	struct p9_policy policy = { .self = geteuid(),
				    .runs_as = geteuid(),
				    .fid_limit = 64,
				    .accounts = &user_files_system };
	int pair[2];

	static struct fid_share share;

	worker_prepare(&share);
	want(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	want(pipe2(slow, O_CLOEXEC), 0);
	want(posix_tree_init(&own->tree, dir), 0);
	own->ops = *own->tree.tree.ops;
	own->ops.sync = slow_sync;
	own->tree.tree.ops = &own->ops;
	want(pool_init(&own->pool), 0);
	want(conn_start(&own->pool, pair[1], &own->tree.tree, &policy, &greeting), 0);
	want(pthread_create(&own->watcher, NULL, watch_pool, own), 0);
	client_on(c, pair[0]);
	want(c_version(c, "9P2000.L", 65536), 0);
	want(c_attach(c, ROOT, geteuid()), 0);
	want(c_walk(c, ROOT, LOCKED, "f"), 0);
	want(c_open(c, LOCKED, P9_O_RDWR), 0);
}

static void own_end(struct own_pool *own)
{
	pthread_join(own->watcher, NULL);
	pool_fini(&own->pool);
	posix_tree_fini(&own->tree);
	close(slow[0]);
	close(slow[1]);
}

/* Soon there are so many threads with a connection. */
static bool becomes_active(struct pool *pool, unsigned wanted)
{
	unsigned count = wanted + 1;

	for (int i = 0; i < 500 && count != wanted; i++) {
		usleep(10000);
		count = 0;
		pthread_mutex_lock(&pool->lock);
		for (struct thread *thread = pool->active; thread; thread = thread->next_active)
			count++;
		pthread_mutex_unlock(&pool->lock);
	}
	return count == wanted;
}

/* A thread whose connection was taken away, and that then inherits one whose
 * client has nothing to ask, parks like any other. */
static void test_taken_over_then_parked(void **state)
{
	struct fixture *f = *state;
	static struct own_pool own;
	struct client c;
	struct p9_msg r;

	own_start(&own, &c, f->dir);
	for (uint16_t tag = 1000; tag < 1004; tag++) {
		send_sync(&c, tag); /* this thread waits, another inherits */
		want(c_getattr(&c, ROOT, &r), 0);
		assert_true(becomes_active(&own.pool, 2));
		end_sync();
		expect(&c, P9_TFSYNC + 1, tag);
		assert_true(becomes_active(&own.pool, 1));
	}
	want(c_getattr(&c, ROOT, &r), 0);
	client_close(&c);
	own_end(&own);
}

/* What blocks is interrupted, and answered before the flushes of it. */
static void test_flush_of_what_blocks(void **state)
{
	struct fixture *f = *state;
	static struct own_pool own;
	struct client c;
	struct p9_msg r;

	own_start(&own, &c, f->dir);
	send_sync(&c, 1000);
	want(c_getattr(&c, ROOT, &r), 0);
	send_flush(&c, 2001, 1000);
	send_flush(&c, 2002, 2001);
	expect(&c, P9_RLERROR, 1000);
	expect(&c, P9_TFLUSH + 1, 2001);
	expect(&c, P9_TFLUSH + 1, 2002);
	client_close(&c);
	own_end(&own);
}

/* Requests that wait for locks hold no thread: here more than there could be. */
static void test_waits_hold_no_thread(void **state)
{
	struct fixture *f = *state;
	static struct own_pool own;
	struct client c;
	struct p9_msg r;

	own_start(&own, &c, f->dir);
	for (unsigned tag = 1000; tag < 1000 + 2 * CONN_THREADS; tag++)
		send_lock(&c, (uint16_t)tag);
	want(c_getattr(&c, ROOT, &r), 0);
	assert_true(becomes_active(&own.pool, 1));
	want(own.pool.thread_count, 1);
	client_close(&c);
	own_end(&own);
}

#define conn_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		conn_test(test_others_go_on_while_one_waits),
		conn_test(test_many_wait),
		conn_test(test_passed_on),
		conn_test(test_flush),
		conn_test(test_flush_in_one_write),
		conn_test(test_many_flushes),
		conn_test(test_flush_of_what_is_done),
		conn_test(test_clunk_ends_waiting),
		conn_test(test_version_ends_waiting),
		conn_test(test_disconnect_while_waiting),
		conn_test(test_byte_by_byte),
		conn_test(test_after_a_rest),
		conn_test(test_pipelined),
		conn_test(test_impossible_size),
		conn_test(test_too_many_errors),
		conn_test(test_never_reads),
		conn_test(test_taken_over_then_parked),
		conn_test(test_flush_of_what_blocks),
		conn_test(test_waits_hold_no_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
