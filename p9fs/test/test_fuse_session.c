/* test_fuse_session.c: the descriptor of /dev/fuse, here a socket that keeps messages
 * apart: what is answered at once, answers, and notifications from a thread. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"
#include "p9fs/notifier.h"

struct fixture {
	struct fuse_session s;
	int kernel;
};

static void setup(struct fixture *f)
{
	const struct fuse_terms terms = { FUSE_ASYNC_READ, 16384, 4096, 16 };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(fuse_session_init(&f->s, pair[0], &terms), 0);
	f->kernel = pair[1];
}

static void teardown(struct fixture *f)
{
	fuse_session_fini(&f->s);
	close(f->kernel);
}

static void ask(struct fixture *f, uint32_t opcode, const void *arg, size_t len)
{
	struct fuse_in_header head = {
		(uint32_t)(sizeof(head) + len), opcode, 5, 1, 0, 0, 0, 0, 0
	};
	uint8_t bytes[256];

	memcpy(bytes, &head, sizeof(head));
	if (len)
		memcpy(bytes + sizeof(head), arg, len);
	assert_int_equal(write(f->kernel, bytes, head.len), head.len);
}

struct told {
	struct fuse_out_header head;
	uint8_t data[256];
};

/* Nothing: head.len is 0. */
static struct told told(struct fixture *f)
{
	struct told t = { 0 };
	ssize_t n = recv(f->kernel, &t, sizeof(t), MSG_DONTWAIT);

	if (n > 0)
		assert_int_equal(t.head.len, n);
	return t;
}

static void test_answered_at_once(void **state)
{
	const struct fuse_init_in init = { 7, 38, 131072, FUSE_ASYNC_READ, 0, { 0 } };
	const struct {
		uint32_t opcode;
		const void *arg;
		size_t len;
		int got, error;
		size_t answer; /* 0: none */
	} rows[] = {
		{ FUSE_INIT, &init, sizeof(init), 0, 0, sizeof(struct fuse_init_out) + 16 },
		{ FUSE_STATFS, NULL, 0, 1, 0, 0 },
		{ FUSE_STATFS, "x", 1, 0, -EIO, 16 },
		{ FUSE_FORGET, "x", 1, 0, 0, 0 },
		{ FUSE_IOCTL, NULL, 0, 0, -ENOSYS, 16 },
		{ FUSE_NOTIFY_REPLY, NULL, 0, 0, 0, 0 },
		{ FUSE_COPY_FILE_RANGE, NULL, 0, 0, -ENOSYS, 16 },
	};
	struct fuse_request q;
	struct fixture f;

	(void)state;
	setup(&f);
	assert_int_equal(fuse_session_read(&f.s, &q), 0);
	for (size_t i = 0; i < array_len(rows); i++) {
		struct told t;

		ask(&f, rows[i].opcode, rows[i].arg, rows[i].len);
		assert_int_equal(fuse_session_read(&f.s, &q), rows[i].got);
		t = told(&f);
		assert_int_equal(t.head.len, rows[i].answer);
		assert_int_equal(t.head.error, rows[i].error);
		assert_int_equal(t.head.unique, rows[i].answer ? 5 : 0);
	}
	teardown(&f);
}

static void test_too_old(void **state)
{
	const struct fuse_init_in init = { .major = 7, .minor = 26 };
	struct fuse_request q;
	struct fixture f;

	(void)state;
	setup(&f);
	ask(&f, FUSE_INIT, &init, 16);
	assert_int_equal(fuse_session_read(&f.s, &q), -EPROTONOSUPPORT);
	assert_int_equal(told(&f).head.error, -EPROTONOSUPPORT);
	teardown(&f);
}

static void test_answers(void **state)
{
	struct fixture f;
	struct told t;

	(void)state;
	setup(&f);
	assert_int_equal(fuse_answer(&f.s, 9, "text", 4), 0);
	t = told(&f);
	assert_int_equal(t.head.len, 20);
	assert_int_equal(t.head.unique, 9);
	assert_memory_equal(t.data, "text", 4);
	assert_int_equal(fuse_refuse(&f.s, 10, ENOENT), 0);
	t = told(&f);
	assert_int_equal(t.head.error, -ENOENT);
	assert_false(fuse_session_is_over(&f.s));
	close(f.kernel);
	assert_true(fuse_session_is_over(&f.s));
	f.kernel = -1;
	teardown(&f);
}

/* --- notifications ------------------------------------------------------------------------ */

static unsigned done_count;

static void done(struct notice *notice)
{
	assert_int_equal(notice->error, 0);
	assert_int_equal(notice->len, done_count); /* in their order */
	done_count++;
}

static struct told next_told(struct fixture *f)
{
	struct pollfd p = { .fd = f->kernel, .events = POLLIN };

	assert_int_equal(poll(&p, 1, 10000), 1);
	return told(f);
}

static void collect(struct notifier *n, unsigned count)
{
	while (done_count < count) {
		struct pollfd p = { .fd = n->event, .events = POLLIN };

		assert_int_equal(poll(&p, 1, 10000), 1);
		notifier_collect(n);
	}
}

static void test_notices(void **state)
{
	struct notice notices[] = {
		{ .kind = NOTICE_INODE, .node = 7, .off = -1, .len = 0, .done = done },
		{ .kind = NOTICE_ENTRY, .node = 8, .name = "name", .len = 1, .done = done },
		{ .kind = NOTICE_FENCE,
		  .len = 2,
		  .done = done }, /* behind them, and nothing itself */
	};
	const struct fuse_notify_inval_inode_out inode = { 7, -1, 0 };
	const struct fuse_notify_inval_entry_out entry = { .parent = 8, .namelen = 4 };
	struct notifier n;
	struct fixture f;
	struct told t;

	(void)state;
	setup(&f);
	done_count = 0;
	assert_int_equal(notifier_start(&n, &f.s), 0);
	for (size_t i = 0; i < array_len(notices); i++)
		notifier_add(&n, &notices[i]);
	t = next_told(&f);
	assert_int_equal(t.head.unique, 0);
	assert_int_equal(t.head.error, FUSE_NOTIFY_INVAL_INODE);
	assert_memory_equal(t.data, &inode, sizeof(inode));
	t = next_told(&f);
	assert_int_equal(t.head.error, FUSE_NOTIFY_INVAL_ENTRY);
	assert_memory_equal(t.data, &entry, sizeof(entry));
	assert_string_equal(t.data + sizeof(entry), "name");
	collect(&n, 3);
	assert_int_equal(n.count, 0);
	notifier_stop(&n);
	notifier_stop(&n);
	teardown(&f);
}

static void failed(struct notice *notice)
{
	assert_int_equal(notice->error, -EPIPE);
	done_count++;
}

/* Nobody is there any more: it is done all the same. */
static void test_notice_after_the_end(void **state)
{
	struct notice notice = { .kind = NOTICE_INODE, .done = failed };
	struct notifier n;
	struct fixture f;

	(void)state;
	setup(&f);
	done_count = 0;
	close(f.kernel);
	f.kernel = -1;
	assert_int_equal(notifier_start(&n, &f.s), 0);
	notifier_add(&n, &notice);
	collect(&n, 1);
	notifier_stop(&n);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answered_at_once),
		cmocka_unit_test(test_too_old),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_notices),
		cmocka_unit_test(test_notice_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
