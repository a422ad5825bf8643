/* test_remote.c: a 9P client's connection against a server that is this test:
 * replies in any order and in pieces, and replies that nobody can want. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "p9fs/remote.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

struct asked {
	struct remote_call call;
	uint8_t type; /* of the reply; 0: none came */
	uint32_t error;
	uint64_t path;
};

static void answered(struct remote_call *call, const struct p9_msg *r)
{
	struct asked *a = container_of(call, struct asked, call);

	assert_int_equal(a->type, 0);
	a->type = r->type;
	a->error = r->error;
	a->path = r->qid.path;
}

struct fixture {
	struct remote remote;
	int peer;
};

static void setup(struct fixture *f)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(remote_init(&f->remote, pair[0]), 0);
	f->peer = pair[1];
}

static void teardown(struct fixture *f)
{
	remote_fini(&f->remote);
	close(f->peer);
}

static void ask(struct fixture *f, struct asked *a)
{
	struct p9_msg t = { .type = P9_TGETATTR, .fid = 1, .mask = P9_ATTR_BASIC };

	*a = (struct asked){ .call = { .done = answered } };
	assert_int_equal(remote_call(&f->remote, &a->call, &t), 0);
}

static size_t put(uint8_t *to, size_t size, const struct p9_msg *r)
{
	int len = p9_encode(r, to, size);

	assert_true(len > 0);
	return (size_t)len;
}

/* Two replies, the second call's first, cut at every byte. */
static void test_order_and_pieces(void **state)
{
	uint8_t bytes[1024];

	(void)state;
	for (size_t cut = 0, len = 1; cut <= len; cut++) {
		struct fixture f;
		struct asked one, two;
		struct p9_msg r = { .type = P9_TGETATTR + 1 };

		setup(&f);
		ask(&f, &one);
		ask(&f, &two);
		r.tag = two.call.tag;
		r.qid.path = 22;
		len = put(bytes, sizeof(bytes), &r);
		r = (struct p9_msg){ .type = P9_RLERROR, .tag = one.call.tag, .error = ENOENT };
		len += put(bytes + len, sizeof(bytes) - len, &r);
		assert_int_equal(remote_feed(&f.remote, bytes, cut), 0);
		assert_int_equal(remote_feed(&f.remote, bytes + cut, len - cut), 0);
		assert_int_equal(one.type, P9_RLERROR);
		assert_int_equal(one.error, ENOENT);
		assert_int_equal(two.type, P9_TGETATTR + 1);
		assert_int_equal(two.path, 22);
		assert_int_equal(f.remote.call_count, 0);
		teardown(&f);
	}
}

/* What a server may have its clients' callers see; the kernel has words of its
 * own above, and one below that makes it ask no more. */
static void test_errors(void **state)
{
	static const struct {
		uint32_t error, shown;
	} table[] = {
		{ ENOENT, ENOENT },
		{ EHWPOISON, EHWPOISON },
		{ 0, EIO },
		{ 134, EIO },
		{ 511, EIO },
		{ 512, EIO },
		{ 524, EIO },
		{ 4095, EIO },
		{ 4096, EIO },
		{ UINT32_MAX, EIO },
		{ ENOSYS, EOPNOTSUPP },
	};

	(void)state;
	for (size_t i = 0; i < array_len(table); i++) {
		struct fixture f;
		struct asked a;
		uint8_t bytes[64];
		struct p9_msg r = { .type = P9_RLERROR, .error = table[i].error };

		setup(&f);
		ask(&f, &a);
		r.tag = a.call.tag;
		assert_int_equal(remote_feed(&f.remote, bytes, put(bytes, sizeof(bytes), &r)), 0);
		assert_int_equal(a.type, P9_RLERROR);
		assert_int_equal(a.error, table[i].shown);
		teardown(&f);
	}
}

static void test_nonsense(void **state)
{
	static const struct {
		const char *what;
		struct p9_msg r;
		uint32_t size; /* 0: what it is */
	} table[] = {
		{ "a tag nobody waits for", { .type = P9_TGETATTR + 1, .tag = 7 }, 0 },
		{ "a tag beyond ours", { .type = P9_TGETATTR + 1, .tag = 0xfffe }, 0 },
		{ "another type", { .type = P9_TCLUNK + 1, .tag = 0 }, 0 },
		{ "a request", { .type = P9_TGETATTR, .tag = 0 }, 0 },
		{ "too small", { .type = P9_TCLUNK + 1, .tag = 0 }, 6 },
		{ "too large", { .type = P9_TCLUNK + 1, .tag = 0 }, REMOTE_MSIZE + 1 },
		{ "cut", { .type = P9_TGETATTR + 1, .tag = 0 }, 20 },
	};
	uint8_t bytes[1024];

	(void)state;
	for (size_t i = 0; i < array_len(table); i++) {
		struct fixture f;
		struct asked a;
		size_t len = put(bytes, sizeof(bytes), &table[i].r);
		struct writer w;

		writer_init(&w, bytes, sizeof(bytes));
		w.used = 4;
		if (table[i].size)
			write_u32_at(&w, 0, table[i].size);
		setup(&f);
		ask(&f, &a);
		print_message("%s\n", table[i].what);
		assert_int_equal(remote_feed(&f.remote, bytes, len), -EPROTO);
		assert_int_equal(a.type, P9_RLERROR);
		assert_int_equal(a.error, ENOTCONN);
		assert_int_equal(
			remote_call(&f.remote, &a.call, &(struct p9_msg){ .type = P9_TCLUNK }),
			-ENOTCONN);
		teardown(&f);
	}
}

/* The socket takes no more: what is sent is the same, and nothing blocks. */
static void test_full_socket(void **state)
{
	enum { CALLS = 64 };
	static uint8_t data[REMOTE_IO], got[REMOTE_IO + P9_WRITE_HEADER];
	static struct asked asked[CALLS];
	struct fixture f;

	(void)state;
	setup(&f);
	for (unsigned i = 0; i < CALLS; i++) {
		struct p9_msg t = { .type = P9_TWRITE, .fid = i, .count = REMOTE_IO, .data = data };

		asked[i] = (struct asked){ .call = { .done = answered } };
		assert_int_equal(remote_call(&f.remote, &asked[i].call, &t), 0);
	}
	assert_true(remote_busy(&f.remote));
	assert_int_equal(remote_write(&f.remote), 0);
	assert_true(remote_pending(&f.remote));
	for (unsigned i = 0; i < CALLS; i++) {
		struct p9_msg t;

		for (size_t used = 0; used < sizeof(got);) {
			ssize_t n = recv(f.peer, got + used, sizeof(got) - used, MSG_DONTWAIT);

			assert_true(n > 0 || errno == EAGAIN);
			used += n > 0 ? (size_t)n : 0;
			assert_int_equal(remote_write(&f.remote), 0);
		}
		assert_int_equal(p9_decode(&t, got, sizeof(got)), 0);
		assert_int_equal(t.fid, i);
	}
	assert_false(remote_pending(&f.remote));
	teardown(&f);
}

static void test_hang_up(void **state)
{
	struct fixture f;
	struct asked a;

	(void)state;
	setup(&f);
	ask(&f, &a);
	shutdown(f.peer, SHUT_RDWR);
	assert_int_equal(remote_read(&f.remote), -ENOTCONN);
	assert_int_equal(a.error, ENOTCONN);
	teardown(&f);
}

static void test_give_up(void **state)
{
	const struct p9_msg interrupted = { .type = P9_RLERROR, .error = EINTR };
	struct fixture f;
	struct asked a;

	(void)state;
	setup(&f);
	ask(&f, &a);
	remote_give_up(&f.remote, a.call.tag, a.call.serial + 1, &interrupted);
	assert_int_equal(a.type, 0);
	remote_give_up(&f.remote, a.call.tag, a.call.serial, &interrupted);
	assert_int_equal(a.error, EINTR);
	remote_give_up(&f.remote, a.call.tag, a.call.serial, &interrupted);
	teardown(&f);
}

static void test_fids(void **state)
{
	uint8_t bytes[64];
	struct fixture f;
	uint32_t first, second;
	struct p9_msg r = { .type = P9_TCLUNK + 1 };

	(void)state;
	setup(&f);
	first = remote_fid(&f.remote);
	second = remote_fid(&f.remote);
	assert_true(first != 0 && second != 0 && first != second);
	remote_clunk(&f.remote, first);
	assert_true(remote_fid(&f.remote) != first); /* the server may still have it */
	assert_int_equal(remote_feed(&f.remote, bytes, put(bytes, sizeof(bytes), &r)), 0);
	assert_int_equal(remote_fid(&f.remote), first);
	teardown(&f);
}

/* More clunks than tags: all are sent in the end. */
static void test_many_clunks(void **state)
{
	enum { MANY = REMOTE_TAGS + 1000 };
	static bool clunked[MANY];
	struct fixture f;
	unsigned count = 0;

	(void)state;
	setup(&f);
	for (uint32_t i = 0; i < MANY; i++)
		remote_clunk(&f.remote, i);
	assert_int_equal(f.remote.call_count, REMOTE_TAGS);
	while (count < MANY) {
		uint8_t bytes[64];
		struct p9_msg t, r = { .type = P9_TCLUNK + 1 };

		remote_write(&f.remote);
		assert_int_equal(fd_read_full(f.peer, bytes, 11), 11);
		assert_int_equal(p9_decode(&t, bytes, 11), 0);
		assert_true(t.type == P9_TCLUNK && t.fid < MANY && !clunked[t.fid]);
		clunked[t.fid] = true;
		count++;
		r.tag = t.tag;
		assert_int_equal(remote_feed(&f.remote, bytes, put(bytes, sizeof(bytes), &r)), 0);
	}
	assert_int_equal(f.remote.call_count, 0);
	teardown(&f);
}

/* --- the start, with a server in a child -------------------------------------------- */

static void serve(int fd, const struct p9_msg *replies, size_t count)
{
	uint8_t bytes[8192];

	for (size_t i = 0; i < count; i++) {
		struct p9_msg r = replies[i], t;
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		if (n <= 0 || p9_decode(&t, bytes, (size_t)n) < 0)
			_exit(1);
		r.tag = t.tag;
		fd_write_all(fd, bytes, put(bytes, sizeof(bytes), &r));
	}
	_exit(0);
}

static int start_with(const struct p9_msg *replies, size_t count, uint64_t *root)
{
	struct remote remote;
	int pair[2], err;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		serve(pair[1], replies, count);
	}
	close(pair[1]);
	assert_int_equal(remote_init(&remote, pair[0]), 0);
	err = remote_start(&remote, "somebody", NULL, root);
	if (!err)
		assert_int_equal(remote.msize, replies[0].msize);
	remote_fini(&remote);
	waitpid(pid, NULL, 0);
	return err;
}

#define W                     \
	{                     \
		"9P2000.W", 8 \
	}
#define L                     \
	{                     \
		"9P2000.L", 8 \
	}
#define ATTACHED                                             \
	{                                                    \
		.type = P9_TATTACH + 1, .qid = {.path = 99 } \
	}

static void test_start(void **state)
{
	static const struct {
		struct p9_msg replies[2];
		size_t count;
		int err;
	} table[] = {
		{ { { .type = P9_TVERSION + 1, .msize = 8192, .name = W }, ATTACHED }, 2, 0 },
		{ { { .type = P9_TVERSION + 1, .msize = 8192, .name = L } }, 1, -EPROTONOSUPPORT },
		{ { { .type = P9_TVERSION + 1, .msize = 100, .name = W } }, 1, -EPROTO },
		{ { { .type = P9_TVERSION + 1, .msize = REMOTE_MSIZE + 1, .name = W } },
		  1,
		  -EPROTO },
		{ { { .type = P9_TVERSION + 1, .msize = 8192, .name = W },
		    { .type = P9_RLERROR, .error = EACCES } },
		  2,
		  -EACCES },
		{ { { .type = P9_TVERSION + 1, .msize = 8192, .name = W } }, 1, -ENOTCONN },
		{ { { .type = 0 } }, 0, -ENOTCONN },
	};

	(void)state;
	for (size_t i = 0; i < array_len(table); i++) {
		uint64_t root = 0;

		assert_int_equal(start_with(table[i].replies, table[i].count, &root), table[i].err);
		if (!table[i].err)
			assert_int_equal(root, 99);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_pieces),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_full_socket),
		cmocka_unit_test(test_hang_up),
		cmocka_unit_test(test_give_up),
		cmocka_unit_test(test_fids),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_many_clunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
