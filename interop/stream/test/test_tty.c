/* test_tty.c: a terminal on this side, one on the other, and jobs. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "interop/stream/test/pair.h"
#include "interop/stream/posix/tty.h"
#include "lib/fd.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

struct session {
	struct pair pair;
	int master;
	char text[400000]; /* all that the terminal has shown */
	size_t len;
};

static struct session s;

static void start(const char *script, struct call call)
{
	const char *argv[] = { "/bin/bash", "-c", script, NULL };
	int slave;

	s.len = 0;
	assert_int_equal(pty_open(&s.master, &slave), 0);
	assert_int_equal(pty_resize(s.master, 33, 99), 0);
	call.argv = argv;
	call.terminal = call.end_like_main = true;
	call.rows = 33;
	call.cols = 99;
	for (int i = 0; i < 3; i++)
		call.stdio[i] = i ? fcntl(slave, F_DUPFD_CLOEXEC, 3) : slave;
	pair_start(&s.pair, &call);
}

static void start_tty(const char *script)
{
	start(script, (struct call){ .flags = PROGRAM_TTY });
}

static void type(const char *keys)
{
	assert_int_equal(fd_write_all(s.master, keys, strlen(keys)), 0);
}

/* Reads the terminal until it shows text, or to its end for NULL. */
static void expect(const char *text)
{
	while (!text || !strstr(s.text, text)) {
		struct pollfd p = { s.master, POLLIN, 0 };
		ssize_t n;

		if (poll(&p, 1, 10000) <= 0)
			fail_msg("no \"%s\" in \"%s\"", text, s.text);
		n = read(s.master, s.text + s.len, sizeof(s.text) - s.len - 1);
		if (n <= 0 && !text)
			return;
		assert_true(n > 0);
		s.len += (size_t)n;
		s.text[s.len] = '\0';
	}
}

static bool is_raw(void *with)
{
	struct termios now;

	(void)with;
	return tcgetattr(s.master, &now) == 0 && !(now.c_lflag & (ECHO | ICANON | ISIG));
}

static bool is_cooked(void *with)
{
	struct termios now;

	(void)with;
	return tcgetattr(s.master, &now) == 0 &&
	       (now.c_lflag & (ECHO | ICANON | ISIG)) == (ECHO | ICANON | ISIG) &&
	       now.c_oflag & OPOST;
}

/* Whatever happened: the terminal is as it was. */
static int finish(void)
{
	int status = process_wait(s.pair.caller, 3000);

	assert_true(is_cooked(NULL));
	process_wait(s.pair.runner, 3000);
	pair_free(&s.pair);
	close(s.master);
	memset(s.text, 0, sizeof(s.text));
	return WEXITSTATUS(status);
}

static void echo(void **state)
{
	(void)state;
	start_tty("tty >/dev/null && echo ready; read x; echo \"got $x\"; exit 3");
	expect("ready\r\n");
	assert_true(retry(is_raw, NULL, 1000));
	type("hello\r");
	expect("hello\r\ngot hello\r\n");
	assert_int_equal(finish(), 3);
}

static void one_terminal(void **state)
{
	(void)state;
	start_tty("test -t 0 -a -t 1 -a -t 2 && echo err >&2; : </dev/tty && echo mine");
	expect("mine\r\n");
	expect("err\r\n");
	assert_int_equal(finish(), 0);
}

static void control_c(void **state)
{
	(void)state;
	start_tty("echo ready; exec sleep 100");
	expect("ready");
	assert_true(retry(is_raw, NULL, 1000));
	type("\003");
	assert_int_equal(finish(), 130);
}

static void hung_up_job_control(void **state)
{
	(void)state;
	/* An inner shell's job control: ^Z stops its job, fg goes on. */
	start_tty("PS1='$ ' exec bash --norc --noprofile --noediting -i");
	expect("$ ");
	type("bash -c 'echo inner; read x; echo \"read $x\"'\r");
	expect("\ninner\r\n");
	type("\032");
	expect("Stopped");
	type("fg\r");
	type("line\r");
	expect("read line\r\n");
	type("exit 5\r");
	assert_int_equal(finish(), 5);
}

static void window_size(void **state)
{
	(void)state;
	start_tty("stty size; trap 'stty size; exit 0' WINCH; echo ready; "
		  "while :; do sleep 0.05; done");
	expect("33 99\r\n");
	expect("ready");
	assert_true(retry(is_raw, NULL, 1000));
	pty_resize(s.master, 44, 111);
	expect("44 111\r\n");
	assert_int_equal(finish(), 0);
}

static void output_is_complete(void **state)
{
	(void)state;
	start_tty("seq 1 30000; exit 4");
	expect("\n29999\r\n30000\r\n");
	assert_int_equal(s.len, 198894); /* each number, CR and LF */
	assert_int_equal(finish(), 4);
}

static bool is_stopped(void *with)
{
	(void)with;
	return s.pair.reports->stopped != 0;
}

static bool goes_on(void *with)
{
	(void)with;
	return s.pair.reports->stopped == 0;
}

static void stop_and_go_on(void **state)
{
	(void)state;
	start_tty("echo ready; read x; echo \"got $x\"; stty size");
	expect("ready");
	assert_true(retry(is_raw, NULL, 1000));
	for (int i = 0; i < 3; i++) {
		kill(s.pair.reports->job, SIGTSTP);
		assert_true(retry(is_stopped, NULL, 2000));
		assert_int_equal(s.pair.reports->stopped, SIGTSTP);
		assert_true(is_cooked(NULL));
		pty_resize(s.master, 50, 120);
		s.pair.reports->may_go_on = true;
		assert_true(retry(goes_on, NULL, 2000));
		assert_true(retry(is_raw, NULL, 1000));
	}
	type("x\r");
	expect("got x\r\n50 120\r\n");
	assert_int_equal(finish(), 0);
}

/* Without a terminal on the other side ^Z is the shell's own affair. */
static void stop_in_pipe_mode(void **state)
{
	(void)state;
	start("echo ready; read x; echo \"got $x\"", (struct call){ .flags = 0 });
	expect("ready");
	type("\032");
	assert_true(retry(is_stopped, NULL, 2000));
	s.pair.reports->may_go_on = true;
	assert_true(retry(goes_on, NULL, 2000));
	type("y\n");
	expect("got y\r\n");
	assert_int_equal(finish(), 0);
}

/* In the background nothing is read from the terminal, and nobody stops. */
static void in_the_background(void **state)
{
	(void)state;
	start("echo ready; sleep 0.2; echo done; exit 6", (struct call){ .background = true });
	expect("ready");
	type("for the shell\n");
	expect("done");
	assert_int_equal(finish(), 6);
	assert_int_equal(s.pair.runner > 0, 1);
}

static void ended_by(void **state)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGABRT };

	(void)state;
	for (size_t i = 0; i < array_len(signals); i++) {
		start_tty("echo ready; sleep 100");
		expect("ready");
		assert_true(retry(is_raw, NULL, 1000));
		kill(s.pair.reports->job, signals[i]);
		assert_int_equal(finish(), 128 + signals[i]);
	}
}

static void agent_dies(void **state)
{
	(void)state;
	start_tty("echo ready; exec sleep 100");
	expect("ready");
	assert_true(retry(is_raw, NULL, 1000));
	kill(s.pair.runner, SIGKILL);
	assert_int_equal(finish(), 125);
}

static void terminal_goes_away(void **state)
{
	int status;

	(void)state;
	start_tty("echo ready; exec sleep 100");
	expect("ready");
	assert_true(retry(is_raw, NULL, 1000));
	close(s.master);
	status = process_wait(s.pair.caller, 3000);
	assert_int_equal(WTERMSIG(status) ? WTERMSIG(status) : WEXITSTATUS(status) - 128, SIGHUP);
	process_wait(s.pair.runner, 3000);
	pair_free(&s.pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echo),
		cmocka_unit_test(one_terminal),
		cmocka_unit_test(control_c),
		cmocka_unit_test(hung_up_job_control),
		cmocka_unit_test(window_size),
		cmocka_unit_test(output_is_complete),
		cmocka_unit_test(stop_and_go_on),
		cmocka_unit_test(stop_in_pipe_mode),
		cmocka_unit_test(in_the_background),
		cmocka_unit_test(ended_by),
		cmocka_unit_test(agent_dies),
		cmocka_unit_test(terminal_goes_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
