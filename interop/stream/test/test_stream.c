/* test_stream.c: output and exit of real programs between a caller and a runner. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "interop/stream/test/pair.h"
#include "lib/fd.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static struct talk t;

struct script_case {
	const char *name, *script, *out, *err;
	enum outcome_how how;
	uint32_t code;
};

static const struct script_case scripts[] = {
	{ "nothing", ":", "", "", OUTCOME_EXITED, 0 },
	{ "both outputs and a code", "echo out; echo err >&2; exit 7", "out\n", "err\n",
	  OUTCOME_EXITED, 7 },
	{ "exit 255", "exit 255", "", "", OUTCOME_EXITED, 255 },
	{ "a signal", "kill -SEGV $$", "", "", OUTCOME_SIGNALLED, SIGSEGV },
	{ "the last byte counts", "printf 'a\\0b\\r\\nc'", "a", "", OUTCOME_EXITED, 0 },
	{ "outputs closed early", "exec >&- 2>&-; exit 3", "", "", OUTCOME_EXITED, 3 },
	{ "stdin closed early", "exec <&-; echo still here", "still here\n", "", OUTCOME_EXITED,
	  0 },
	{ "signals are as usual",
	  "trap : PIPE; kill -PIPE $$; grep -E 'Sig(Blk|Ign)' "
	  "/proc/self/status | tr -d '\\t 0'",
	  "SigBlk:\nSigIgn:\n", "", OUTCOME_EXITED, 0 },
	{ "only three descriptors", "ls /proc/self/fd | tr '\\n' ' '", "0 1 2 3 ", "",
	  OUTCOME_EXITED, 0 },
	{ "a leader of its own", "set -- $(cat /proc/self/stat); test $6 = $$ && echo yes", "yes\n",
	  "", OUTCOME_EXITED, 0 },
	{ "a child that is late", "(sleep 0.1; echo late) & echo first", "first\nlate\n", "",
	  OUTCOME_EXITED, 0 },
	{ "a child that is very late", "(sleep 0.6; echo late >&2) & echo first", "first\n",
	  "late\n", OUTCOME_EXITED, 0 },
	{ "a filter of its own", "exec bash -c 'exec > >(sleep 0.6; cat); echo important; exit 4'",
	  "important\n", "", OUTCOME_EXITED, 4 },
	{ "an orphan that is late", "(setsid sh -c 'sleep 0.6; echo late' &) ; kill -9 $$",
	  "late\n", "", OUTCOME_SIGNALLED, SIGKILL },
};

static void scripts_run(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(scripts); i++) {
		const struct script_case *c = &scripts[i];

		print_message("%s\n", c->name);
		shell(&t, c->script, pipe_with(""));
		assert_string_equal(t.text[0], c->out);
		assert_string_equal(t.text[1], c->err);
		assert_int_equal(t.out.how, c->how);
		assert_int_equal(t.out.code, c->code);
		assert_string_equal(t.out.text, "");
	}
}

static void not_found(void **state)
{
	const char *argv[] = { "/nowhere/x", NULL };
	struct call call = { .argv = argv, .stdio = { pipe_with(""), 1, 2 } };
	struct pair pair;

	(void)state;
	pair_start(&pair, &call);
	assert_int_equal(pair_wait(&pair).code, 127);
}

/* --- 50 MB through stdin, stdout and stderr at once --------------------------------- */

enum { BULK = 50 * 1000 * 1000 };

/* A file of noise, the same each time. */
static int bulk_file(const uint8_t **bytes)
{
	int fd = memfd_create("bulk", MFD_CLOEXEC);
	uint64_t *at, x = 88172645463325252u;

	assert_int_equal(ftruncate(fd, BULK), 0);
	at = mmap(NULL, BULK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (size_t i = 0; i < BULK / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		at[i] = x;
	}
	*bytes = (const uint8_t *)at;
	return fd;
}

/* Reads what is there and compares it. False at the end. */
static bool same_further(int fd, const uint8_t *want, size_t *at)
{
	static uint8_t buf[100000];
	ssize_t n = read(fd, buf, sizeof(buf));

	assert_true(n >= 0 && *at + (size_t)n <= BULK);
	assert_memory_equal(buf, want + *at, (size_t)n);
	*at += (size_t)n;
	return n > 0;
}

static void bulk_both_ways(int stdin_fd, const uint8_t *want)
{
	const char *argv[] = { "tee", "/dev/stderr", NULL };
	struct call call = { .argv = argv, .stdio = { stdin_fd } };
	size_t at[2] = { 0 };
	int out[2], err[2];
	struct pair pair;
	struct outcome outcome;

	assert_int_equal(pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
	call.stdio[1] = out[1];
	call.stdio[2] = err[1];
	pair_start(&pair, &call);

	struct pollfd p[2] = { { out[0], POLLIN, 0 }, { err[0], POLLIN, 0 } };

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		assert_true(poll(p, 2, 20000) > 0);
		for (int i = 0; i < 2; i++)
			if (p[i].fd >= 0 && p[i].revents && !same_further(p[i].fd, want, &at[i]))
				p[i].fd = -1;
	}
	outcome = pair_wait(&pair);
	assert_int_equal(outcome.code, 0);
	assert_int_equal(at[0], BULK);
	assert_int_equal(at[1], BULK);
	close(out[0]);
	close(err[0]);
}

static void bulk_file_both_ways(void **state)
{
	const uint8_t *bytes;
	int fd = bulk_file(&bytes);

	(void)state;
	bulk_both_ways(fd, bytes);
	munmap((void *)(uintptr_t)bytes, BULK);
}

static void bulk_pipe_both_ways(void **state)
{
	const uint8_t *bytes;
	int file = bulk_file(&bytes);
	int fds[2], status;
	pid_t feeder;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	feeder = fork();
	if (feeder == 0) {
		close(fds[0]);
		_exit(fd_write_all(fds[1], bytes, BULK) != 0);
	}
	close(fds[1]);
	bulk_both_ways(fds[0], bytes);
	assert_int_equal(waitpid(feeder, &status, 0), feeder);
	assert_int_equal(status, 0);
	munmap((void *)(uintptr_t)bytes, BULK);
	close(file);
}

/* --- outputs that stall or go away ---------------------------------------------------- */

struct outputs {
	int out, err;
	struct pair pair;
};

static void start_script(struct outputs *o, const char *script)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	struct call call = { .argv = argv, .stdio = { pipe_with("") } };
	int out[2], err[2];

	assert_int_equal(pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
	call.stdio[1] = out[1];
	call.stdio[2] = err[1];
	call.end_like_main = true;
	pair_start(&o->pair, &call);
	o->out = out[0];
	o->err = err[0];
}

/* Nobody reads stdout: more of it than all buffers hold must not keep stderr. */
static void stalled_stdout_lets_stderr_pass(void **state)
{
	static char buf[3 * 1000 * 1000];
	struct outputs o;

	(void)state;
	start_script(&o, "head -c 2000000 /dev/zero & echo 1 >&2; head -c 1000000 /dev/zero >&2; "
			 "wait; exit 5");
	for (size_t got = 0; got < 1000002;) {
		ssize_t n = read(o.err, buf, sizeof(buf));

		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_int_equal(read_all(o.out, buf, sizeof(buf)), 2000000);
	assert_int_equal(pair_wait(&o.pair).code, 5);
	close(o.out);
	close(o.err);
}

/* What fits the credit does not keep the runner from its exit either. */
static void stalled_stdout_lets_exit_pass(void **state)
{
	static char buf[300000];
	struct outputs o;

	(void)state;
	start_script(&o, "head -c 200000 /dev/zero; exit 6");
	process_wait(o.pair.runner, 10000);
	assert_int_equal(waitpid(o.pair.caller, NULL, WNOHANG), 0);
	assert_int_equal(read_all(o.out, buf, sizeof(buf)), 200000);
	assert_int_equal(WEXITSTATUS(process_wait(o.pair.caller, 10000)), 6);
	assert_int_equal(o.pair.reports->caller.out.code, 6);
	pair_free(&o.pair);
	close(o.out);
	close(o.err);
}

static void reader_goes_early(void **state)
{
	struct outputs o;
	char line[3] = "";
	int status;

	(void)state;
	start_script(&o, "exec yes");
	assert_int_equal(fd_read_full(o.out, line, 2), 2);
	assert_string_equal(line, "y\n");
	close(o.out);
	status = process_wait(o.pair.caller, 10000);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	process_wait(o.pair.runner, 10000);
	assert_int_equal(o.pair.reports->caller.out.how, OUTCOME_SIGNALLED);
	assert_int_equal(o.pair.reports->caller.out.code, SIGPIPE);
	assert_int_equal(o.pair.reports->caller.out.write_error, EPIPE);
	pair_free(&o.pair);
	close(o.err);
}

/* A pipe whose reader has gone is known as that before the first write. */
static void reader_goes_before_the_first_byte(void **state)
{
	struct outputs o;

	(void)state;
	start_script(&o, "read x; exec 2>&-; i=0; while [ $i -lt 50 ]; do echo x; sleep 0.05; "
			 "i=$((i+1)); done");
	close(o.out);
	process_wait(o.pair.caller, 2000);
	process_wait(o.pair.runner, 2000);
	assert_int_equal(o.pair.reports->caller.out.code, SIGPIPE);
	pair_free(&o.pair);
	close(o.err);
}

static bool caller_ended(void *with)
{
	const struct pair *pair = with;
	siginfo_t info = { 0 };

	waitid(P_PID, (id_t)pair->caller, &info, WEXITED | WNOHANG | WNOWAIT);
	return info.si_pid != 0;
}

/* As with ssh, its output is the program's too, however long it takes. */
static void grandchild_keeps_the_pipe(void **state)
{
	struct outputs o;
	char buf[64];

	(void)state;
	start_script(&o, "sleep 100 & echo $!; exit 4");
	assert_true(read(o.out, buf, sizeof(buf) - 1) > 0);
	assert_false(retry(caller_ended, &o.pair, 600));
	assert_int_equal(kill((pid_t)strtol(buf, NULL, 10), SIGKILL), 0);
	assert_int_equal(read(o.out, buf, sizeof(buf)), 0);
	assert_int_equal(WEXITSTATUS(process_wait(o.pair.caller, 2000)), 4);
	process_wait(o.pair.runner, 2000);
	pair_free(&o.pair);
	close(o.out);
	close(o.err);
}

static void disk_full(void **state)
{
	const char *argv[] = { "echo", "x", NULL };
	struct call call = { .argv = argv };
	struct outcome out;
	struct pair pair;

	(void)state;
	call.stdio[0] = pipe_with("");
	call.stdio[1] = open("/dev/full", O_WRONLY | O_CLOEXEC);
	call.stdio[2] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pair_start(&pair, &call);
	out = pair_wait(&pair);
	assert_int_equal(out.write_error, ENOSPC);
	assert_string_equal(out.text,
			    "unable to write to standard output: No space left on device");
	if (out.how == OUTCOME_EXITED)
		assert_true(outcome_status(&out) != 0);
}

static void closed_from_the_start(void **state)
{
	const char *argv[] = { "/bin/sh", "-c", "read x; test \"$x\" = ''; exit 9", NULL };
	struct outcome out;

	(void)state;
	for (int mask = 1; mask < 8; mask++) {
		struct call call = { .argv = argv };
		struct pair pair;

		for (int i = 0; i < 3; i++)
			call.stdio[i] = mask & 1 << i ? -1 : open("/dev/null", O_RDWR | O_CLOEXEC);
		pair_start(&pair, &call);
		out = pair_wait(&pair);
		assert_int_equal(out.code, 9);
		assert_string_equal(out.text, "");
	}
}

/* Nothing may keep the caller busy while nothing happens. */
static void idle_is_idle(void **state)
{
	const char *argv[] = { "sleep", "0.5", NULL };
	struct call call = { .argv = argv };
	struct timespec used;
	clockid_t clock;
	struct pair pair;

	(void)state;
	call.stdio[0] = pipe_with("never read\n");
	call.stdio[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	call.stdio[2] = -1;
	pair_start(&pair, &call);
	usleep(400000);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(clock_getcpuclockid(i ? pair.caller : pair.runner, &clock), 0);
		assert_int_equal(clock_gettime(clock, &used), 0);
		assert_true(used.tv_sec == 0 && used.tv_nsec < 150000000);
	}
	assert_int_equal(pair_wait(&pair).code, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scripts_run),
		cmocka_unit_test(not_found),
		cmocka_unit_test(bulk_file_both_ways),
		cmocka_unit_test(bulk_pipe_both_ways),
		cmocka_unit_test(stalled_stdout_lets_stderr_pass),
		cmocka_unit_test(stalled_stdout_lets_exit_pass),
		cmocka_unit_test(reader_goes_early),
		cmocka_unit_test(reader_goes_before_the_first_byte),
		cmocka_unit_test(grandchild_keeps_the_pipe),
		cmocka_unit_test(disk_full),
		cmocka_unit_test(closed_from_the_start),
		cmocka_unit_test(idle_is_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
