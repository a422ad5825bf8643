/* test_stop.c: signals, and ends that come early. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/stream/test/pair.h"
#include "lib/tree.h"
#include "lib/fd.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

struct job_under_test {
	struct pair pair;
	int out;
	char mark[64]; /* in the command line of all its processes */
};

/* Who is to end at once, on a machine that is busy; who is not waits for 100 s. */
enum { SOON_MS = 10000 };

/* Starts a script whose processes can be told by their command line, and waits
 * for its first line. $M is the mark. */
static void start(struct job_under_test *j, const char *script, uint32_t flags,
		  const struct runner_ops *ops)
{
	static int serial;
	const char *argv[] = { "/bin/bash", "-c", script, j->mark, NULL };
	struct call call = { .argv = argv, .flags = flags, .end_like_main = true, .ops = ops };
	int out[2];
	char line[8];

	snprintf(j->mark, sizeof(j->mark), "mark-%d-%d", (int)getpid(), serial++);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	call.stdio[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	call.stdio[1] = out[1];
	call.stdio[2] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pair_start(&j->pair, &call);
	j->out = out[0];
	assert_int_equal(fd_read_full(j->out, line, 3), 3);
	assert_memory_equal(line, "up\n", 3);
}

static void finish_pair(struct job_under_test *j)
{
	close(j->out);
	pair_free(&j->pair);
}

static void finish(struct job_under_test *j)
{
	assert_true(retry(nobody_is, j->mark, 2500));
	process_wait(j->pair.runner, 2500);
	finish_pair(j);
}

#define TREE TREE_OF "echo up; wait"
#define TREE_OF                                                        \
	"setsid bash -c 'sleep 100 & sleep 100; :' $0-a & "            \
	"(trap '' HUP; bash -c 'while :; do sleep 100; done' $0-b) & " \
	"bash -c 'kill -STOP $$' $0-c & "

/* Whatever the caller started dies with it. */
static void caller_killed(void **state)
{
	struct job_under_test j;

	(void)state;
	start(&j, TREE, 0, NULL);
	kill(j.pair.caller, SIGKILL);
	process_wait(j.pair.caller, SOON_MS);
	finish(&j);
}

/* The one whose pid is on the first line of the job's output; as a daemon it has
 * neither its terminal nor its pipes. */
static pid_t *daemon_pid;

static size_t daemon_spared(pid_t *pids, size_t max)
{
	pids[0] = *daemon_pid;
	return max > 0 && *daemon_pid > 0 ? 1 : 0;
}

static void spared_lives_on(void **state)
{
	static const struct runner_ops ops = { .spawn = exec_spawn, .spared = daemon_spared };
	struct job_under_test j;
	char pid[16] = "";

	(void)state;
	daemon_pid = mmap(NULL, sizeof(*daemon_pid), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	start(&j, "sleep 300 </dev/null >/dev/null 2>&1 & d=$!; " TREE_OF "echo up; echo $d; wait",
	      0, &ops);
	assert_true(read(j.out, pid, sizeof(pid) - 1) > 0);
	*daemon_pid = (pid_t)strtol(pid, NULL, 10);
	assert_true(*daemon_pid > 1);
	kill(j.pair.caller, SIGKILL);
	process_wait(j.pair.caller, SOON_MS);
	finish(&j); /* the runner waits for the others, and not for it */
	assert_int_equal(kill(*daemon_pid, SIGKILL), 0);
	munmap(daemon_pid, sizeof(*daemon_pid));
}

static void runner_terminated(void **state)
{
	struct job_under_test j;

	(void)state;
	start(&j, TREE, 0, NULL);
	kill(j.pair.runner, SIGTERM);
	finish(&j);
	process_wait(j.pair.caller, SOON_MS);
}

static void runner_killed(void **state)
{
	struct job_under_test j;
	int status;

	(void)state;
	start(&j, "echo up; echo $0 >/dev/null; exec sleep 100", 0, NULL);
	kill(j.pair.runner, SIGKILL);
	status = process_wait(j.pair.caller, SOON_MS);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 125);
	assert_int_equal(j.pair.reports->caller.out.how, OUTCOME_LOST);
	assert_non_null(strstr(j.pair.reports->caller.out.text, "lost"));
	kill((pid_t)j.pair.reports->caller.out.pid, SIGKILL);
	process_wait(j.pair.runner, SOON_MS);
	close(j.out);
}

struct signal_case {
	const char *name, *script;
	int signal, times;
	enum outcome_how how;
	uint32_t code;
	int died; /* the caller, of this signal; 0: it exited with code */
};

/* bash(1) itself ignores QUIT until it execs. */
#define SLEEPER "exec sh -c 'echo up; exec sleep 100'"

static const struct signal_case signals[] = {
	{ "INT kills", SLEEPER, SIGINT, 1, OUTCOME_SIGNALLED, SIGINT, SIGINT },
	{ "TERM kills", SLEEPER, SIGTERM, 1, OUTCOME_SIGNALLED, SIGTERM, SIGTERM },
	{ "QUIT kills", SLEEPER, SIGQUIT, 1, OUTCOME_SIGNALLED, SIGQUIT, SIGQUIT },
	{ "HUP kills", SLEEPER, SIGHUP, 1, OUTCOME_SIGNALLED, SIGHUP, SIGHUP },
	{ "INT is handled", "trap 'exit 9' INT; echo up; while :; do sleep 0.05; done", SIGINT, 1,
	  OUTCOME_EXITED, 9, 0 },
	{ "INT twice ends the call", "trap '' INT; echo up; while :; do sleep 0.05; done", SIGINT,
	  2, OUTCOME_STOPPED, SIGINT, SIGINT },
	{ "ABRT ends the call", "echo up; sleep 100", SIGABRT, 1, OUTCOME_STOPPED, SIGABRT, 0 },
};

static bool is_dead(void *with)
{
	siginfo_t info = { 0 };

	waitid(P_PID, (id_t) * (pid_t *)with, &info, WEXITED | WNOHANG | WNOWAIT);
	return info.si_pid != 0;
}

static void signals_sent(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(signals); i++) {
		const struct signal_case *c = &signals[i];
		struct job_under_test j;
		int status;

		print_message("%s\n", c->name);
		start(&j, c->script, 0, NULL);
		kill(j.pair.caller, c->signal);
		/* Two of a kind that are pending at once are one. */
		if (c->times > 1 && !retry(is_dead, &j.pair.caller, 300))
			kill(j.pair.caller, c->signal);
		status = process_wait(j.pair.caller, SOON_MS);
		assert_int_equal(j.pair.reports->caller.out.how, c->how);
		assert_int_equal(j.pair.reports->caller.out.code, c->code);
		assert_int_equal(WIFSIGNALED(status) ? WTERMSIG(status) : 0, c->died);
		if (!c->died && c->how == OUTCOME_EXITED)
			assert_int_equal(WEXITSTATUS(status), c->code);
		finish(&j);
	}
}

/* What was ignored before, as by nohup(1), is not taken. */
static void ignored_stays_ignored(void **state)
{
	struct job_under_test j;

	(void)state;
	signal(SIGHUP, SIG_IGN);
	start(&j, "echo up; sleep 0.3; exit 3", 0, NULL);
	signal(SIGHUP, SIG_DFL);
	kill(j.pair.caller, SIGHUP);
	assert_int_equal(WEXITSTATUS(process_wait(j.pair.caller, SOON_MS)), 3);
	finish(&j);
}

/* --- jobs that stay, and spawners with a helper ----------------------------------------- */

static int gui_spawn(void *owner, const struct open *l, const struct child_setup *child,
		     struct job *job, struct failed *why)
{
	int error = exec_spawn(owner, l, child, job, why);

	job->subsystem = WIRE_GUI;
	return error;
}

static int loose_spawn(void *owner, const struct open *l, const struct child_setup *child,
		       struct job *job, struct failed *why)
{
	int error = exec_spawn(owner, l, child, job, why);

	job->stderr_is_loose = true;
	return error;
}

static void gui_lives_on(void **state)
{
	static const struct runner_ops ops = { .spawn = gui_spawn };
	struct job_under_test j;
	int status;

	(void)state;
	start(&j, "echo up; sleep 100; : $0", 0, &ops);
	assert_int_equal(kill(j.pair.caller, SIGINT), 0);
	status = process_wait(j.pair.caller, SOON_MS);
	assert_int_equal(WTERMSIG(status), SIGINT);
	assert_false(retry(nobody_is, j.mark, 300));
	kill((pid_t)j.pair.reports->caller.out.pid, SIGKILL);
	kill(j.pair.runner, SIGTERM);
	finish(&j);
}

/* What a GUI program leaves behind is not waited for. */
static void gui_is_not_waited_for(void **state)
{
	static const struct runner_ops ops = { .spawn = gui_spawn };
	struct job_under_test j;
	int64_t before;

	(void)state;
	start(&j, "bash -c 'while :; do sleep 100; done' $0 & echo up; exit 6", 0, &ops);
	before = loop_now();
	assert_int_equal(WEXITSTATUS(process_wait(j.pair.caller, 5000)), 6);
	assert_true(loop_now() - before < 5000);
	process_wait(j.pair.runner, SOON_MS);
	assert_int_not_equal(marked_kill(j.mark, SIGKILL), 0); /* it lived on */
	finish_pair(&j);
}

/* One that holds no output is not waited for either. */
static void silent_child_is_not_waited_for(void **state)
{
	struct job_under_test j;

	(void)state;
	start(&j, "bash -c 'while :; do sleep 100; done' $0 >/dev/null 2>&1 & echo up; exit 6", 0,
	      NULL);
	assert_int_equal(WEXITSTATUS(process_wait(j.pair.caller, 5000)), 6);
	process_wait(j.pair.runner, SOON_MS);
	assert_int_not_equal(marked_kill(j.mark, SIGKILL), 0); /* it lived on */
	finish_pair(&j);
}

/* Wine's processes all keep the first one's stderr. */
static void loose_stderr_is_not_waited_for(void **state)
{
	static const struct runner_ops ops = { .spawn = loose_spawn };
	struct job_under_test j;

	(void)state;
	start(&j, "bash -c 'while :; do sleep 100; done' $0 >/dev/null & echo up; exit 6", 0, &ops);
	assert_int_equal(WEXITSTATUS(process_wait(j.pair.caller, 5000)), 6);
	process_wait(j.pair.runner, SOON_MS);
	assert_int_not_equal(marked_kill(j.mark, SIGKILL), 0); /* it lived on */
	finish_pair(&j);
}

/* One that writes without pause, and nobody listens: the runner hears all the same. */
static void flood(void **state)
{
	static const struct runner_ops ops = { .spawn = gui_spawn };
	struct job_under_test j;

	(void)state;
	start(&j, "echo up; exec -a $0 yes", 0, &ops);
	kill(j.pair.caller, SIGINT);
	process_wait(j.pair.caller, 5000);
	assert_false(retry(nobody_is, j.mark, 300));
	kill(j.pair.runner, SIGTERM);
	finish(&j);
}

static void detached_lives_on(void **state)
{
	const char *argv[] = { "/bin/bash", "-c", "sleep 0.2; echo late; echo x >$0", NULL, NULL };
	struct call call = { .argv = argv, .flags = PROGRAM_DETACH, .stdio = { -1, -1, -1 } };
	char path[] = "/tmp/landbridge-XXXXXX", buf[8];
	struct pair pair;
	int fd = mkstemp(path);

	(void)state;
	argv[3] = path;
	pair_start(&pair, &call);
	assert_int_equal(WEXITSTATUS(process_wait(pair.caller, SOON_MS)), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	process_wait(pair.runner, 5000);
	assert_int_equal(read_all(fd, buf, sizeof(buf)), 2);
	close(fd);
	unlink(path);
	pair_free(&pair);
}

/* A helper that says: s started, x exited with 0x12345678, f failed. */
static int helper_report(void *owner, struct job *job, uint32_t *code, struct failed *why)
{
	char c;

	(void)owner;
	if (read(job->report, &c, 1) != 1)
		return 0;
	job->subsystem = WIRE_CONSOLE;
	*code = 0x12345678;
	*why = (struct failed){ 127, 2, { "no such program", 15 } };
	return c == 's' ? 1 : c == 'x' ? 2 : 3;
}

static int helper_spawn(void *owner, const struct open *l, const struct child_setup *child,
			struct job *job, struct failed *why)
{
	int fds[2], error;
	int theirs[3] = { child->fds[0], child->fds[1], -1 };
	struct child_setup setup = *child;

	(void)!pipe2(fds, O_CLOEXEC);
	theirs[2] = fds[1]; /* the script reports on its stderr */
	setup.fds = theirs;
	error = exec_spawn(owner, l, &setup, job, why);
	close(fds[1]);
	job->report = fds[0];
	return error;
}

struct report_case {
	const char *name, *script;
	enum outcome_how how;
	uint32_t code;
	const char *text;
};

static const struct report_case reports[] = {
	{ "exits", "printf s >&2; printf x >&2; exit 1", OUTCOME_EXITED, 0x12345678, "" },
	{ "fails", "printf f >&2; exit 1", OUTCOME_FAILED, 127, "no such program" },
	{ "dies", "printf s >&2; kill -9 $$", OUTCOME_SIGNALLED, SIGKILL, "" },
	{ "does not start", "exit 1", OUTCOME_FAILED, 126,
	  "its starter ended before it could start" },
};

static void helper_reports(void **state)
{
	static const struct runner_ops ops = { .spawn = helper_spawn, .report = helper_report };

	(void)state;
	for (size_t i = 0; i < array_len(reports); i++) {
		const char *argv[] = { "/bin/sh", "-c", reports[i].script, NULL };
		struct call call = { .argv = argv, .ops = &ops, .stdio = { -1, 1, 2 } };
		struct outcome out;
		struct pair pair;

		print_message("%s\n", reports[i].name);
		pair_start(&pair, &call);
		out = pair_wait(&pair);
		assert_int_equal(out.how, reports[i].how);
		assert_int_equal(out.code, reports[i].code);
		assert_string_equal(out.text, reports[i].text);
	}
}

static int refusing_spawn(void *owner, const struct open *l, const struct child_setup *child,
			  struct job *job, struct failed *why)
{
	(void)owner, (void)l, (void)child, (void)job;
	*why = (struct failed){ 126, 13, { "not allowed here", 16 } };
	return -EACCES;
}

static void refused(void **state)
{
	static const struct runner_ops ops = { .spawn = refusing_spawn };
	const char *argv[] = { "x", NULL };
	struct call call = { .argv = argv, .ops = &ops, .stdio = { pipe_with("x"), 1, 2 } };
	struct outcome out;
	struct pair pair;

	(void)state;
	pair_start(&pair, &call);
	out = pair_wait(&pair);
	assert_int_equal(out.how, OUTCOME_FAILED);
	assert_int_equal(out.code, 126);
	assert_string_equal(out.text, "not allowed here");
}

/* --- /proc/PID/stat ------------------------------------------------------------------------ */

static void stat_parents(void **state)
{
	static const struct {
		const char *text;
		pid_t want;
	} texts[] = {
		{ "12 (sh) S 7 12 12 0 -1", 7 },
		{ "12 (a) S 1) R 99 12", 99 },
		{ "12 (a b) (c)) Z 2147483647 0", 2147483647 },
		{ "12 (sh) S 4294967297 1", 0 },
		{ "12 (sh) S -1 1", 0 },
		{ "12 (sh) S", 0 },
		{ "12 (sh) S 7 12 12 0 -1 4194", 7 }, /* a piece of it */
		{ "12 (sh)", 0 },
		{ "12 (sh) ", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < array_len(texts); i++)
		assert_int_equal(stat_parent(texts[i].text), texts[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caller_killed),
		cmocka_unit_test(spared_lives_on),
		cmocka_unit_test(runner_terminated),
		cmocka_unit_test(runner_killed),
		cmocka_unit_test(signals_sent),
		cmocka_unit_test(ignored_stays_ignored),
		cmocka_unit_test(gui_lives_on),
		cmocka_unit_test(gui_is_not_waited_for),
		cmocka_unit_test(silent_child_is_not_waited_for),
		cmocka_unit_test(loose_stderr_is_not_waited_for),
		cmocka_unit_test(flood),
		cmocka_unit_test(detached_lives_on),
		cmocka_unit_test(helper_reports),
		cmocka_unit_test(refused),
		cmocka_unit_test(stat_parents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
