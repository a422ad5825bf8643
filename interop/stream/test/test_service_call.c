/* test_service_call.c: a service asked for at a router that answers by a script. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/stream/stream.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static char path[64];

/* What the router sends back, and what comes of it. */
static const struct row {
	const char *name;
	uint8_t type;
	uint32_t length; /* as the header says; the payload is always whole */
	const char *text;
	int want; /* 0: a socket */
	enum outcome_how how;
} rows[] = {
	{ "started", WIRE_STARTED, 8, "", 0, OUTCOME_LOST },
	{ "refused", WIRE_FAILED, 0, "the host has no service x", -EPERM, OUTCOME_FAILED },
	{ "control bytes", WIRE_FAILED, 16, "", -EPROTO, OUTCOME_LOST },
	{ "another frame", WIRE_EXIT, 4, "", -EPROTO, OUTCOME_LOST },
	{ "no frame", 0, 3, "", -EPROTO, OUTCOME_LOST },
	{ "cut", WIRE_STARTED, 0, "", -EPROTO, OUTCOME_LOST },
	{ "nothing", 255, 0, "", -ECONNRESET, OUTCOME_LOST },
};

static void answer_put(struct writer *w, const struct row *row)
{
	uint8_t payload[WIRE_FAILED_MAX] = { 0 };
	struct frame f = { row->length, row->type, 0, WIRE_STREAM_ONLY };
	struct writer p;

	memset(payload + 8, 1, 8);
	if (row->text[0]) {
		writer_init(&p, payload, sizeof(payload));
		failed_encode(&p, WIRE_FAIL_NOT_FOUND, 2, row->text);
		f.length = (uint32_t)p.used;
	}
	frame_put(w, &f, payload);
}

/* The request is what doc/PROTOCOL 9 wants; after the answer the bytes come back. */
static int router_run(int listener, const struct row *row)
{
	uint8_t in[2048], out[WIRE_HEADER + WIRE_FAILED_MAX];
	int fd = accept(listener, NULL, NULL);
	ssize_t n = read(fd, in, sizeof(in));
	struct frame hello, open_frame;
	struct writer w;
	struct open o;
	const size_t second = WIRE_HEADER + WIRE_HELLO_MIN;

	if (n < (ssize_t)(second + WIRE_HEADER) || frame_decode(&hello, in) ||
	    hello.type != WIRE_HELLO || frame_decode(&open_frame, in + second) ||
	    open_frame.length != (size_t)n - second - WIRE_HEADER ||
	    open_decode(&o, in + second + WIRE_HEADER, open_frame.length) || o.kind != OPEN_BYTES ||
	    strcmp(o.service.at, "drive:C") != 0 || strcmp(o.user.len ? o.user.at : "", "ann") != 0)
		return 1;
	writer_init(&w, out, sizeof(out));
	answer_put(&w, row);
	if (row->type != 255)
		fd_write_all(fd, out, w.used);
	if (row->type == WIRE_STARTED && row->want == 0)
		while ((n = read(fd, in, sizeof(in))) > 0)
			fd_write_all(fd, in, (size_t)n);
	close(fd);
	return 0;
}

static void echo_check(int fd)
{
	char back[4];

	assert_int_equal(write(fd, "ping", 4), 4);
	assert_int_equal(fd_read_full(fd, back, 4), 4);
	assert_memory_equal(back, "ping", 4);
	close(fd);
}

static void row_check(const struct row *row)
{
	int listener = unix_listen(path, 0600, 4), status;
	struct outcome out;
	pid_t router;
	int got;

	print_message("%s\n", row->name);
	assert_true(listener >= 0);
	router = fork();
	if (router == 0)
		_exit(router_run(listener, row));
	close(listener);
	got = service_call(path, "drive:C", "ann", &out);
	if (row->want == 0)
		assert_true(got >= 0);
	else
		assert_int_equal(got, row->want);
	assert_int_equal(out.how, row->how);
	assert_string_equal(out.text, row->text);
	assert_int_equal(out.code, row->how == OUTCOME_FAILED ? WIRE_FAIL_NOT_FOUND : 0);
	if (got >= 0)
		echo_check(got);
	assert_int_equal(waitpid(router, &status, 0), router);
	assert_int_equal(status, 0);
	unlink(path);
}

static void answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(rows); i++)
		row_check(&rows[i]);
}

static void nobody_there(void **state)
{
	struct outcome out;

	(void)state;
	assert_int_equal(service_call("/nowhere/x", "drive:C", NULL, &out), -ENOENT);
	assert_int_equal(out.how, OUTCOME_LOST);
	assert_string_equal(out.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(nobody_there),
	};

	fmt(path, sizeof(path), "/tmp/lb-service.%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
