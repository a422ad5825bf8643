/* test_stdin.c: what a program does not read stays in our stdin. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/stream/test/pair.h"
#include "lib/fd.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static struct talk t;

/* A stream socket that holds text, and its end. */
static int socket_with(const char *text)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(fd_write_all(fds[1], text, strlen(text)), 0);
	close(fds[1]);
	return fds[0];
}

/* A pipe with a buffer of its own for each line. */
static int packets_with(const char *text)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_DIRECT), 0);
	fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
	for (const char *end; *text; text = end) {
		end = strchr(text, '\n') + 1;
		assert_int_equal(fd_write_all(fds[1], text, (size_t)(end - text)), 0);
	}
	close(fds[1]);
	return fds[0];
}

struct kind {
	const char *name;
	int (*with)(const char *text);
};

static const struct kind kinds[] = {
	{ "pipe", pipe_with },
	{ "file", file_with },
	{ "socket", socket_with },
};

struct stdin_case {
	const char *name, *text, *script, *out, *left;
};

static const struct stdin_case cases[] = {
	{ "reads nothing", "1\n2\n3\n", "exit 0", "", "1\n2\n3\n" },
	{ "reads one line", "1\n2\n3\n", "read x; echo $x", "1\n", "2\n3\n" },
	{ "reads two lines", "1\n2\n3\n", "read x; read x; echo $x", "2\n", "3\n" },
	{ "reads all", "1\n2\n3\n", "cat", "1\n2\n3\n", "" },
	{ "reads one byte", "1\n2\n3\n", "dd bs=1 count=1 status=none", "1", "\n2\n3\n" },
	{ "closes it", "1\n2\n", "exec <&-; echo x", "x\n", "1\n2\n" },
	{ "reads a line and closes it", "1\n2\n", "read x; exec <&-; echo $x", "1\n", "2\n" },
	{ "cannot be started", "1\n2\n", NULL, "", "1\n2\n" },
	{ "nothing to read", "", "cat; echo end", "end\n", "" },
};

static void run_case(const struct stdin_case *c, const struct kind *kind)
{
	const char *argv[] = { c->script ? "/bin/sh" : "/nowhere", "-c", c->script, NULL };
	struct call call = { .argv = argv };
	int in = kind->with(c->text), keep = fcntl(in, F_DUPFD_CLOEXEC, 3);
	struct pair pair;
	char buf[256];
	int out[2];

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	call.stdio[0] = in;
	call.stdio[1] = out[1];
	call.stdio[2] = 2;
	pair_start(&pair, &call);
	read_all(out[0], buf, sizeof(buf));
	pair_wait(&pair);
	assert_string_equal(buf, c->out);
	read_all(keep, buf, sizeof(buf));
	assert_string_equal(buf, c->left);
	close(out[0]);
	close(keep);
}

static void what_is_left(void **state)
{
	(void)state;
	for (size_t k = 0; k < array_len(kinds); k++) {
		for (size_t i = 0; i < array_len(cases); i++) {
			print_message("%s: %s\n", kinds[k].name, cases[i].name);
			run_case(&cases[i], &kinds[k]);
		}
	}
}

/* More lines than a pipe of sixteen buffers can show at a time. */
static void many_packets(void **state)
{
	char text[1000] = "";

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "line\n");
	shell(&t, "wc -l | tr -d ' '", packets_with(text));
	assert_string_equal(t.text[0], "100\n");
}

/* The shell loop that everybody writes: one program a line, one line each. */
static void while_read(void **state)
{
	char want[1000] = "", text[1000] = "", line[16];
	int in, keep;

	(void)state;
	for (int i = 0; i < 40; i++) {
		fmt(line, sizeof(line), "%d\n", i);
		strcat(text, line);
	}
	in = pipe_with(text);
	for (int i = 0; i < 40; i++) {
		fmt(want, sizeof(want), "%d\n", i);
		keep = fcntl(in, F_DUPFD_CLOEXEC, 3);
		shell(&t, i % 2 ? "read x; echo $x" : "read x; cat <&- 2>&-; echo $x", in);
		assert_string_equal(t.text[0], want);
		in = keep;
	}
	close(in);
}

/* Bytes that come one after another, each only when the last was answered. */
static void a_conversation(void **state)
{
	const char *argv[] = { "cat", NULL };
	struct call call = { .argv = argv, .stdio = { -1, -1, 2 } };
	int in[2], out[2];
	struct pair pair;
	char buf[16];

	(void)state;
	assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	call.stdio[0] = in[0];
	call.stdio[1] = out[1];
	pair_start(&pair, &call);
	for (int i = 0; i < 500; i++) {
		assert_int_equal(fd_write_all(in[1], "ping\n", 5), 0);
		assert_int_equal(fd_read_full(out[0], buf, 5), 5);
		assert_memory_equal(buf, "ping\n", 5);
	}
	close(in[1]);
	assert_int_equal(read_all(out[0], buf, sizeof(buf)), 0);
	assert_int_equal(pair_wait(&pair).code, 0);
	close(out[0]);
}

/* A program that reads slowly and by small pieces gets every byte, whether it
 * ends before or after the point where reading becomes destructive. */
static void beyond_the_window(void **state)
{
	static const struct {
		const char *script;
		size_t want;
	} reads[] = {
		{ "head -c 100000 >/dev/null; cat | wc -c", 1900000 },
		{ "dd bs=1000 count=150 iflag=fullblock status=none | wc -c", 150000 },
		{ "dd bs=1000 count=1500 iflag=fullblock status=none | wc -c", 1500000 },
	};

	(void)state;
	for (size_t i = 0; i < array_len(reads); i++) {
		int fds[2], status;
		char block[1000];
		pid_t feeder;

		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		feeder = fork();
		if (feeder == 0) {
			close(fds[0]);
			memset(block, 'x', sizeof(block));
			signal(SIGPIPE, SIG_DFL);
			for (int n = 0; n < 2000; n++)
				if (fd_write_all(fds[1], block, sizeof(block)) < 0)
					_exit(0);
			_exit(0);
		}
		close(fds[1]);
		shell(&t, reads[i].script, fds[0]);
		/* head(1) reads by blocks: never less than it says, hardly more. */
		assert_in_range(strtoul(t.text[0], NULL, 10), reads[i].want - 100000,
				reads[i].want);
		waitpid(feeder, &status, 0);
	}
}

static void exactly_half_of_a_pipe(void **state)
{
	static char text[50001];
	char rest[60000];
	int in, keep;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	in = pipe_with(text);
	keep = fcntl(in, F_DUPFD_CLOEXEC, 3);
	shell(&t, "dd bs=20000 count=1 iflag=fullblock status=none | wc -c", in);
	assert_int_equal(strtoul(t.text[0], NULL, 10), 20000);
	assert_int_equal(read_all(keep, rest, sizeof(rest)), 30000);
	close(keep);
}

static void no_stdin(void **state)
{
	const char *argv[] = { "cat", NULL };
	struct call call = { .argv = argv, .flags = PROGRAM_NO_STDIN };
	int in = pipe_with("mine\n"), keep = fcntl(in, F_DUPFD_CLOEXEC, 3);
	struct pair pair;
	char buf[16];

	(void)state;
	call.stdio[0] = in;
	call.stdio[1] = 1;
	call.stdio[2] = 2;
	pair_start(&pair, &call);
	assert_int_equal(pair_wait(&pair).code, 0);
	read_all(keep, buf, sizeof(buf));
	assert_string_equal(buf, "mine\n");
	close(keep);
}

/* The program's own order, all of it on our stdout. */
static void one_output(void **state)
{
	const char *argv[] = { "sh", "-c", "echo a; echo b >&2; echo c; echo d >&2", NULL };
	struct call call = { .argv = argv, .flags = PROGRAM_ONE_OUTPUT };
	int out[2], err[2];
	struct pair pair;
	char buf[16];

	(void)state;
	assert_int_equal(pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
	call.stdio[0] = pipe_with("");
	call.stdio[1] = out[1];
	call.stdio[2] = err[1];
	pair_start(&pair, &call);
	assert_int_equal(pair_wait(&pair).code, 0);
	close(out[1]), close(err[1]);
	read_all(out[0], buf, sizeof(buf));
	assert_string_equal(buf, "a\nb\nc\nd\n");
	read_all(err[0], buf, sizeof(buf));
	assert_string_equal(buf, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left),      cmocka_unit_test(many_packets),
		cmocka_unit_test(while_read),        cmocka_unit_test(a_conversation),
		cmocka_unit_test(beyond_the_window), cmocka_unit_test(exactly_half_of_a_pipe),
		cmocka_unit_test(no_stdin),          cmocka_unit_test(one_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
