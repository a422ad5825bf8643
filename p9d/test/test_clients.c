/* test_clients.c: bad clients, each beside a good one, which must be answered
 * as if it were alone. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/test/server.h"

#define PROMPT_MS 1000 /* on a busy machine with sanitizers; mostly it is 1 */

#ifdef __SANITIZE_THREAD__ /* it has a shadow for all that is in use */
#define CLIENT_KIB 8192
#else
#define CLIENT_KIB 1024
#endif

/* A whole small life of a file, and each answer within PROMPT_MS. */
static void want_good(struct client *c, const char *file)
{
	struct p9_msg r, t = { .type = P9_TGETATTR, .tag = 900, .fid = ROOT };

	client_send(c, &t);
	if (!client_has_reply(c, PROMPT_MS))
		fail_msg("a good client waits");
	assert_true(client_receive(c, &r));
	want(r.tag, 900);
	want(open_file(c, ROOT, file, P9_O_RDWR), 0);
}

/* A good client as the same user, and one as another. */
struct good {
	struct client same, other;
};

static void good_start(struct server *f, struct good *good)
{
	connect_as(f, &good->same, ALICE);
	connect_as(f, &good->other, BOB);
}

static void want_all_good(struct good *good)
{
	want_good(&good->same, "alice");
	want_good(&good->other, "bob");
}

static void good_end(struct server *f, struct good *good)
{
	struct client fresh;

	want_all_good(good);
	connect_as(f, &fresh, ALICE);
	want_good(&fresh, "alice");
	client_close(&fresh);
	client_close(&good->same);
	client_close(&good->other);
}

/* ---- slow ones ---- */

/* Each byte of a conversation by itself, with the others served in between:
 * in the greeting, which is the dispatcher's, and afterwards. */
static void test_byte_by_byte(void **state)
{
	struct server *f = *state;
	struct p9_msg says[] = {
		{ .type = P9_TVERSION, .tag = P9_NOTAG, .msize = 8192, .name = str_of("9P2000.L") },
		{ .type = P9_TATTACH, .tag = 1, .newfid = P9_NOFID, .uid = ALICE },
		{ .type = P9_TWALK,
		  .tag = 2,
		  .newfid = 1,
		  .name_count = 1,
		  .names = { str_of("alice") } },
		{ .type = P9_TGETATTR, .tag = 3, .fid = 1 },
	};
	struct good good;
	struct client slow;
	struct p9_msg r;

	good_start(f, &good);
	client_connect(&slow, f->socket);
	for (size_t i = 0; i < array_len(says); i++) {
		uint8_t buf[64];
		int len = p9_encode(&says[i], buf, sizeof(buf));

		for (int k = 0; k < len; k++) {
			assert_false(client_has_reply(&slow, 0));
			client_send_raw(&slow, buf + k, 1);
			want_all_good(&good);
		}
		assert_true(client_receive(&slow, &r));
		want(r.type, says[i].type + 1);
	}
	client_close(&slow);
	good_end(f, &good);
}

/* ---- ones that do not read ---- */

static long private_kib(pid_t pid)
{
	char path[48], text[4096], *at;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	if (file_read(path, text, sizeof(text)) < 0)
		return -1;
	at = strstr(text, "Private_Dirty:");
	return at ? atol(at + strlen("Private_Dirty:")) : -1;
}

static pid_t first_child(pid_t server)
{
	char path[64], text[1024];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", server, server);
	assert_true(file_read(path, text, sizeof(text)) > 0);
	return atoi(text);
}

/* Requests until the server takes no more of them. */
static void send_and_never_read(struct client *c, const struct p9_msg *t)
{
	uint8_t buf[64];
	int len = p9_encode(t, buf, sizeof(buf));
	struct pollfd p = { .fd = c->fd, .events = POLLOUT };

	want(fd_set_nonblock(c->fd), 0);
	while (poll(&p, 1, 100) == 1)
		if (send(c->fd, buf, (size_t)len, MSG_NOSIGNAL) < 0)
			want(errno, EAGAIN);
}

static void test_never_reads(void **state)
{
	enum { COUNT = 20 };
	struct server *f = *state;
	struct client bad[COUNT];
	struct good good;
	struct p9_msg getattr = { .type = P9_TGETATTR, .tag = 1, .fid = ROOT };
	struct p9_msg read = { .type = P9_TREAD, .tag = 1, .fid = FILE_FID, .count = 60000 };
	char big[128];
	long before, after;

	snprintf(big, sizeof(big), "%s/big", f->dir);
	want(file_create(big, "", 0644), 0);
	want(truncate(big, 1 << 20), 0);
	good_start(f, &good);
	before = private_kib(first_child(f->server));
	for (int i = 0; i < COUNT; i++) {
		connect_as(f, &bad[i], ALICE);
		want(c_walk(&bad[i], ROOT, FILE_FID, "big"), 0);
		want(c_open(&bad[i], FILE_FID, P9_O_RDONLY), 0);
		send_and_never_read(&bad[i], i % 2 ? &read : &getattr);
		want_all_good(&good);
	}
	after = private_kib(first_child(f->server));
	print_message("%ld KiB for each that does not read\n", (after - before) / COUNT);
	assert_in_range((after - before) / COUNT, 0, CLIENT_KIB);
	for (int i = 0; i < COUNT; i++)
		client_close(&bad[i]);
	good_end(f, &good);
}

/* ---- ones that end ---- */

/* Killed in the midst of a Twrite, with replies under way. */
static void die_writing(struct server *f, int bytes)
{
	struct client c;
	struct p9_msg t = { .type = P9_TWRITE, .tag = 1, .fid = NEW, .count = 50000 };
	pid_t pid = fork();

	if (pid == 0) {
		static uint8_t data[50000];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		connect_as(f, &c, ALICE);
		want(c_walk(&c, ROOT, NEW, ""), 0);
		want(c_create(&c, NEW, "half", P9_O_RDWR, 0600), 0);
		t.data = data;
		for (int i = 0; i < 20; i++)
			client_send(&c, &t);
		want(p9_encode(&t, c.out, CLIENT_BUFFER) > 0, 1);
		client_send_raw(&c, c.out, (size_t)bytes);
		kill(getpid(), SIGKILL);
	}
	want(waitpid(pid, NULL, 0), pid);
}

static void test_killed_while_writing(void **state)
{
	struct server *f = *state;
	struct good good;

	good_start(f, &good);
	for (int i = 0; i < 20; i++) {
		die_writing(f, 1 + i * 2500);
		want_all_good(&good);
		want(c_unlink(&good.same, ROOT, "half", 0), 0);
	}
	good_end(f, &good);
}

/* ---- pipes ---- */

/* Nobody is at the other end of any, and no thread waits for that. */
static void test_many_pipes(void **state)
{
	enum { PIPES = 64 };
	struct server *f = *state;
	struct good good;
	struct client bad;
	struct p9_msg r;

	good_start(f, &good);
	connect_as(f, &bad, ALICE);
	for (uint32_t i = 0; i < PIPES; i++) {
		struct p9_msg t = { .type = P9_TMKNOD,
				    .name = str_of("pipe"),
				    .mode = S_IFIFO | 0600 };

		want(client_call(&bad, &t, &r), 0);
		want(c_walk(&bad, ROOT, 100 + i, "pipe"), 0);
		want(c_unlink(&bad, ROOT, "pipe", 0), 0);
	}
	for (uint32_t i = 0; i < PIPES; i++) {
		struct p9_msg t = { .type = P9_TLOPEN, .tag = 1, .fid = 100 + i, .flags = i % 3 };

		client_send(&bad, &t);
	}
	for (uint32_t i = 0; i < PIPES; i++) {
		assert_true(client_has_reply(&bad, PROMPT_MS));
		assert_true(client_receive(&bad, &r));
		want(r.error, ENXIO);
	}
	client_close(&bad);
	good_end(f, &good);
}

/* ---- numbers ---- */

/* Every tag there is, all under way at once, then again. */
static void test_all_tags(void **state)
{
	struct server *f = *state;
	struct client c;
	struct p9_msg r, t = { .type = P9_TGETATTR, .fid = ROOT };
	unsigned seen = 0;

	connect_as(f, &c, ALICE);
	for (int round = 0; round < 2; round++)
		for (unsigned tag = 0; tag < 0x10000; tag++) {
			t.tag = (uint16_t)tag;
			client_send(&c, &t);
			if (tag % 256 != 255)
				continue;
			for (int i = 0; i < 256; i++) {
				assert_true(client_receive(&c, &r));
				want(r.type, P9_TGETATTR + 1);
				seen += r.tag >> 8 == tag >> 8;
			}
		}
	want(seen, 2 * 0x10000);
	client_close(&c);
}

/* The same tag for all that is under way is the client's own confusion. */
static void test_one_tag_for_all(void **state)
{
	struct server *f = *state;
	struct good good;
	struct client bad;
	struct p9_msg r;

	good_start(f, &good);
	connect_as(f, &bad, ALICE);
	want(c_walk(&bad, ROOT, FILE_FID, "alice"), 0);
	want(c_open(&bad, FILE_FID, P9_O_RDWR), 0);
	for (uint32_t i = 0; i < 200; i++) {
		struct p9_msg t = { .type = i % 4 ? P9_TLOCK : P9_TFLUSH,
				    .tag = 5,
				    .oldtag = 5,
				    .fid = FILE_FID,
				    .lock_type = P9_LOCK_WRITE,
				    .flags = P9_LOCK_FLAG_BLOCK,
				    .proc_id = i,
				    .name = str_of("x") };

		client_send(&bad, &t);
	}
	want_all_good(&good);
	while (client_has_reply(&bad, 50) && client_receive(&bad, &r))
		want(r.tag, 5);
	client_close(&bad);
	good_end(f, &good);
}

/* Sizes and counts as large as can be written. */
static void test_huge_numbers(void **state)
{
	struct server *f = *state;
	struct good good;
	struct client bad;
	struct p9_msg r, t = { .type = P9_TREAD, .fid = FILE_FID, .count = UINT32_MAX };

	good_start(f, &good);
	connect_as(f, &bad, ALICE);
	want(c_walk(&bad, ROOT, FILE_FID, "alice"), 0);
	want(c_open(&bad, FILE_FID, P9_O_RDWR), 0);
	want(client_call(&bad, &t, &r), 0);
	want(r.count, strlen("secret"));
	t.type = P9_TREADDIR;
	want(client_call(&bad, &t, &r), ENOTDIR);
	want(c_walk(&bad, ROOT, NEW, ""), 0);
	want(c_open(&bad, NEW, P9_O_RDONLY), 0);
	t.fid = NEW;
	want(client_call(&bad, &t, &r), 0);
	assert_true(r.count > 0);
	client_send_raw(&bad, "\xff\xff\xff\x7f\x76\1\0", 7); /* a message of 2 GiB */
	assert_false(client_receive(&bad, &r));
	client_close(&bad);
	good_end(f, &good);
}

/* ---- greetings ---- */

static bool is_greeted(struct client *c)
{
	static const uint8_t flush[9] = { 9, 0, 0, 0, P9_TFLUSH, 1, 0, 2, 0 };
	struct p9_msg r;

	return send(c->fd, flush, sizeof(flush), MSG_NOSIGNAL) == sizeof(flush) &&
	       client_receive(c, &r);
}

/* As many as there can be: one more makes the oldest go. */
static void test_greeting_limit(void **state)
{
	enum { LIMIT = 64 };
	struct server *f = *state;
	struct client silent[LIMIT], late;
	struct good good;
	struct p9_msg r;

	good_start(f, &good);
	for (int i = 0; i < LIMIT; i++) {
		client_connect(&silent[i], f->socket);
		client_send_raw(&silent[i], "\x13\0", 2);
	}
	client_connect(&late, f->socket);
	assert_true(is_greeted(&late));
	assert_false(client_receive(&silent[0], &r)); /* after the inherited one */
	client_send_raw(&silent[1], "\0\0\x64\xff\xff\0\0\1\0\6\09P2000", 17);
	assert_true(client_receive(&silent[1], &r)); /* it was only slow */
	client_close(&late);
	want_all_good(&good);
	for (int i = 0; i < LIMIT; i++)
		client_close(&silent[i]);
	good_end(f, &good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		server_test(test_byte_by_byte),
		server_test(test_never_reads),
		server_test(test_killed_while_writing),
		server_test(test_many_pipes),
		server_test(test_all_tags),
		server_test(test_one_tag_for_all),
		server_test(test_huge_numbers),
		server_test(test_greeting_limit),
	};

	if (geteuid() != 0) {
		puts("test_clients: skipped: only root can be several users");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
