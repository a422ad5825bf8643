/* test_frames.c: frames to and from a channel and a runner, by hand. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/stream/channel/channel.h"
#include "interop/stream/test/pair.h"
#include "lib/fd.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void put(struct writer *w, enum wire_type type, int flags, const void *payload, size_t len)
{
	struct frame f = {
		.length = (uint32_t)len,
		.type = (uint8_t)type,
		.flags = (uint8_t)flags,
		.stream = type < WIRE_OPEN ? 0 : WIRE_STREAM_ONLY,
	};
	uint8_t header[WIRE_HEADER];

	frame_encode(header, &f);
	write_bytes(w, header, sizeof(header));
	write_bytes(w, payload, len);
}

static void put_launch(struct writer *w, const char *script)
{
	uint8_t payload[1024];
	struct writer p;

	writer_init(&p, payload, sizeof(payload));
	open_put_u32(&p, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_str(&p, OPEN_TAG_PROGRAM, "/bin/sh", 7);
	open_put_str(&p, OPEN_TAG_ARG, "sh", 2);
	open_put_str(&p, OPEN_TAG_ARG, "-c", 2);
	open_put_str(&p, OPEN_TAG_ARG, script, strlen(script));
	put(w, WIRE_OPEN, 0, payload, p.used);
}

static void put_hello(struct writer *w, uint16_t min, uint16_t max)
{
	uint8_t payload[256];
	struct hello hello = { .version_min = min, .version_max = max, .epoch = { 1, 2, 3 } };
	struct writer p;

	hello.host_path = (struct wire_str){ "", 0 };
	writer_init(&p, payload, sizeof(payload));
	hello_encode(&p, &hello);
	put(w, WIRE_HELLO, 0, payload, p.used);
}

/* --- the channel: the same frames, cut anywhere, are the same --------------------------- */

struct seen {
	char text[256]; /* a letter a frame, and the data */
	size_t len;
	bool steady;
	int ends; /* EOF frames */
};

static int seen_frame(void *owner, const struct frame *f, const void *payload)
{
	struct seen *s = owner;

	(void)payload;
	s->ends += f->type == WIRE_EOF;
	/* These come when they come. */
	if (s->steady &&
	    (f->type == WIRE_CLOSED || f->type == WIRE_CONSUMED || f->type == WIRE_EOF))
		return 0;
	s->text[s->len++] = (char)('A' + f->type);
	return f->type == WIRE_ABORT ? -EPROTO : 0;
}

static int seen_data(void *owner, int fd, const void *data, size_t len)
{
	struct seen *s = owner;

	(void)fd;
	assert_true(s->len + len < sizeof(s->text));
	memcpy(s->text + s->len, data, len);
	s->len += len;
	return 0;
}

static void nothing(void *owner)
{
	(void)owner;
}

static void seen_gone(void *owner, int error)
{
	(void)owner, (void)error;
}

static const struct channel_ops seen_ops = {
	.frame = seen_frame,
	.data = seen_data,
	.fill = nothing,
	.settle = nothing,
	.gone = seen_gone,
};

static void channel_with(struct channel *ch, struct loop *loop, struct seen *s, int ends[2])
{
	*s = (struct seen){ .len = 0 };
	assert_int_equal(loop_init(loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(channel_open(ch, loop, ends[0], &seen_ops, s), 0);
}

static void channel_without(struct channel *ch, struct loop *loop, const int ends[2])
{
	channel_close(ch);
	loop_fini(loop);
	close(ends[1]);
}

static void cut_anywhere(void **state)
{
	static struct channel ch;
	uint8_t bytes[1024];
	struct writer w;
	struct loop loop;
	struct seen s;
	int ends[2];

	(void)state;
	writer_init(&w, bytes, sizeof(bytes));
	put_hello(&w, 1, 1);
	put(&w, WIRE_DATA, 1, "some", 4);
	put(&w, WIRE_EOF, 1, "", 0);
	put(&w, WIRE_DATA, 2, " data", 5);
	put(&w, WIRE_EXIT, 0, "\0\0\0\0", 4);
	for (size_t cut = 0; cut <= w.used; cut++) {
		channel_with(&ch, &loop, &s, ends);
		assert_int_equal(channel_feed(&ch, bytes, cut), 0);
		assert_int_equal(channel_feed(&ch, bytes + cut, w.used - cut), 0);
		assert_string_equal(s.text, "BsomeU data[");
		channel_without(&ch, &loop, ends);
	}
}

struct bad_case {
	const char *name;
	uint8_t header[WIRE_HEADER];
};

static const struct bad_case bad_frames[] = {
	{ "another stream", { 0, 0, 0, 0, WIRE_EOF, 1, 0, 0, 3 } },
	{ "HELLO on the stream", { 48, 0, 0, 0, WIRE_HELLO, 0, 0, 0, 1 } },
	{ "an unknown type", { 0, 0, 0, 0, 99, 0, 0, 0, 1 } },
	{ "too much data", { 1, 0, 1, 0, WIRE_DATA, 1, 0, 0, 1 } },
	{ "refused by its owner", { 0, 0, 0, 0, WIRE_ABORT, 0, 0, 0, 1 } },
};

static void bad(void **state)
{
	static struct channel ch;
	struct loop loop;
	struct seen s;
	int ends[2];

	(void)state;
	for (size_t i = 0; i < array_len(bad_frames); i++) {
		print_message("%s\n", bad_frames[i].name);
		channel_with(&ch, &loop, &s, ends);
		assert_int_equal(channel_feed(&ch, bad_frames[i].header, WIRE_HEADER), -EPROTO);
		channel_without(&ch, &loop, ends);
	}
}

/* --- the runner ------------------------------------------------------------------------------ */

static pid_t runner_start(int *fd)
{
	static const struct runner_ops ops = { .spawn = exec_spawn };
	int ends[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		_exit(runner_serve(ends[1], &ops, NULL) < 0);
	}
	close(ends[1]);
	*fd = ends[0];
	return pid;
}

struct dialogue {
	const char *name;
	void (*say)(struct writer *w);
	const char *want; /* a letter a frame: 'A' + type; data in full; NULL: whatever */
};

static void say_all_at_once(struct writer *w)
{
	put_hello(w, WIRE_VERSION, WIRE_VERSION);
	put(w, WIRE_PING, 0, "", 0);
	put_launch(w, "cat; exit 3");
	put(w, WIRE_DATA, 0, "data", 4);
	put(w, WIRE_EOF, 0, "", 0);
}

static void say_no_hello(struct writer *w)
{
	put_launch(w, "echo x");
}

static void say_two_launches(struct writer *w)
{
	put_launch(w, "sleep 100");
	put_launch(w, "sleep 100");
}

static void say_bad_launch(struct writer *w)
{
	put(w, WIRE_OPEN, 0, "\1\0\0", 3);
}

static void say_too_much(struct writer *w)
{
	static uint8_t much[WIRE_DATA_MAX];

	put_launch(w, "sleep 100");
	for (int i = 0; i < 5; i++)
		put(w, WIRE_DATA, 0, much, sizeof(much));
}

static void say_too_much_credit(struct writer *w)
{
	put_launch(w, "sleep 100");
	put(w, WIRE_CREDIT_ADD, 1, "\1\0\14\0", 4);
}

static void say_data_after_eof(struct writer *w)
{
	put_launch(w, "sleep 100");
	put(w, WIRE_EOF, 0, "", 0);
	put(w, WIRE_DATA, 0, "x", 1);
}

static void say_abort(struct writer *w)
{
	put_launch(w, "sleep 100");
	put(w, WIRE_ABORT, 0, "", 0);
}

static void say_closed(struct writer *w)
{
	put_launch(w, "trap '' PIPE; exec 2>&-; sleep 0.2; echo x || exit 8");
	put(w, WIRE_CLOSED, 1, "", 0);
}

static void say_kill(struct writer *w)
{
	put_launch(w, "sleep 100");
	put(w, WIRE_SIGNAL, 0, "\17\0\0\0", 4);
}

static const struct dialogue dialogues[] = {
	{ "all at once", say_all_at_once, "DRdata[" },
	{ "no HELLO", say_no_hello, "Rx\n[" },
	{ "two OPENs", say_two_launches, NULL },
	{ "a bad OPEN", say_bad_launch, NULL },
	{ "more than was granted", say_too_much, NULL },
	{ "more credit than there is", say_too_much_credit, NULL },
	{ "data after its end", say_data_after_eof, NULL },
	{ "ABORT", say_abort, NULL },
	{ "CLOSED", say_closed, "R[" },
	{ "SIGNAL", say_kill, "R[" },
};

/* All that comes back until the end, as letters and data. */
static void listen_to(int fd, struct seen *s)
{
	static struct channel ch;
	static uint8_t bytes[65536];
	struct loop loop;
	int ends[2];
	ssize_t n;

	channel_with(&ch, &loop, s, ends);
	s->steady = true;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		assert_int_equal(channel_feed(&ch, bytes, (size_t)n), 0);
	channel_without(&ch, &loop, ends);
}

static void talk_to_a_runner(void **state)
{
	static uint8_t bytes[400000];
	struct writer w;
	struct seen s;
	int fd;

	(void)state;
	for (size_t i = 0; i < array_len(dialogues); i++) {
		pid_t pid = runner_start(&fd);

		print_message("%s\n", dialogues[i].name);
		writer_init(&w, bytes, sizeof(bytes));
		dialogues[i].say(&w);
		assert_int_equal(fd_write_all(fd, bytes, w.used), 0);
		listen_to(fd, &s);
		if (dialogues[i].want)
			assert_string_equal(s.text, dialogues[i].want);
		if (strchr(s.text, 'A' + WIRE_EXIT))
			assert_int_equal(s.ends, 2);
		close(fd);
		process_wait(pid, 3000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(bad),
		cmocka_unit_test(talk_to_a_runner),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
