/* test_session.c: a session, opened as the host opens it, for ourselves. */
#include "init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/stream/stream.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

struct call {
	const char *program, *args[4], *env, *cwd, *user;
	struct outcome outcome;
	char out[4096]; /* what it wrote to stdout */
};

static void str_put(struct writer *w, enum open_tag tag, const char *s)
{
	if (s)
		open_put_str(w, tag, s, strlen(s));
}

static size_t open_make(const struct call *c, uint8_t *bytes, size_t size)
{
	struct writer w;

	writer_init(&w, bytes, size);
	open_put_u32(&w, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_u32(&w, OPEN_TAG_FLAGS, PROGRAM_NO_STDIN);
	str_put(&w, OPEN_TAG_PROGRAM, c->program);
	for (size_t i = 0; i < array_len(c->args); i++)
		str_put(&w, OPEN_TAG_ARG, c->args[i]);
	str_put(&w, OPEN_TAG_ENV, c->env);
	str_put(&w, OPEN_TAG_CWD, c->cwd);
	str_put(&w, OPEN_TAG_USER, c->user);
	assert_false(w.bad);
	return w.used;
}

/* Both run in children, as they take descriptors and signals for themselves. */
static pid_t session_fork(int endpoint)
{
	char *argv[] = { (char[]){ "landbridge-session" }, NULL };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (endpoint != 3)
		dup2(endpoint, 3);
	close_range(4, ~0U, 0); /* what the test was started with */
	setenv("LANDBRIDGE_HOST_PATH", "C:\\Windows;C:\\Windows\\System32", 1);
	_exit(session_main(1, argv));
}

static void caller_child(const struct call *c, int endpoint, int out, struct outcome *outcome)
{
	uint8_t bytes[4096];
	size_t len = open_make(c, bytes, sizeof(bytes));

	dup2(out, 1);
	if (caller_run(endpoint, bytes, len, outcome) < 0)
		_exit(1);
	_exit(0);
}

static void call_run(struct call *c)
{
	struct outcome *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int pair[2], out = memfd_create("out", MFD_CLOEXEC), status;
	pid_t session, caller;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	session = session_fork(pair[1]);
	close(pair[1]);
	caller = fork();
	if (caller == 0)
		caller_child(c, pair[0], out, shared);
	close(pair[0]);
	assert_int_equal(waitpid(caller, &status, 0), caller);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(session, &status, 0), session);
	assert_int_equal(status, 0);
	c->outcome = *shared;
	munmap(shared, sizeof(*shared));
	lseek(out, 0, SEEK_SET);
	c->out[fd_read_full(out, c->out, sizeof(c->out) - 1)] = '\0';
	close(out);
}

static const char *own_name(void)
{
	return getpwuid(getuid())->pw_name;
}

static void test_command(void **state)
{
	struct call c = { .program = "sh",
			  .args = { "sh", "-c", "pwd; echo $0 $1; exit 7", "a b" },
			  .cwd = "/tmp",
			  .user = own_name() };

	(void)state;
	call_run(&c);
	assert_int_equal(c.outcome.how, OUTCOME_EXITED);
	assert_int_equal(c.outcome.code, 7);
	assert_string_equal(c.out, "/tmp\na b\n");
}

static void expect(const char *text, const char *name, const char *value)
{
	char want[512];

	fmt(want, sizeof(want), "\n%s=%s\n", name, value);
	if (!strstr(text, want))
		fail_msg("%s not in:%s", want + 1, text);
}

static void test_environment(void **state)
{
	struct call c = { .program = "/usr/bin/env",
			  .args = { "env" },
			  .env = "TERM=vt220",
			  .user = own_name() };
	const struct passwd *pw = getpwuid(getuid());
	char text[sizeof(c.out) + 1];

	(void)state;
	call_run(&c);
	assert_int_equal(c.outcome.code, 0);
	fmt(text, sizeof(text), "\n%s", c.out);
	expect(text, "HOME", pw->pw_dir);
	expect(text, "USER", pw->pw_name);
	expect(text, "LOGNAME", pw->pw_name);
	expect(text, "SHELL", pw->pw_shell);
	expect(text, "TERM", "vt220");
	expect(text, "WSL_INTEROP", "/run/landbridge/interop.sock");
	assert_non_null(strstr(text, "\nWSL_DISTRO_NAME="));
	assert_non_null(strstr(text, "/bin:/usr/games:/usr/local/games:/run/landbridge/bin\n"));
	assert_null(strstr(text, "LANDBRIDGE_HOST_PATH"));
}

/* Nothing leaks into the program: descriptors, ignored or blocked signals. */
static void test_clean(void **state)
{
	struct call c = { .program = "sh",
			  .args = { "sh", "-c",
				    "ls /proc/self/fd; grep -E 'Sig(Blk|Ign)' /proc/self/status; "
				    "umask; id -un" },
			  .user = own_name() };
	char want[300];

	(void)state;
	call_run(&c);
	fmt(want, sizeof(want),
	    "0\n1\n2\n3\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0022\n%s\n",
	    own_name());
	assert_string_equal(c.out, want);
}

static void test_login_shell(void **state)
{
	struct call c = { .user = own_name() };

	(void)state;
	call_run(&c);
	assert_int_equal(c.outcome.how, OUTCOME_EXITED);
	assert_int_equal(c.outcome.code, 0);
}

static void test_failures(void **state)
{
	static const struct {
		const char *program, *cwd, *user;
		uint32_t code;
		const char *text;
	} rows[] = {
		{ "no-such-command", NULL, NULL, 127, "no-such-command: command not found" },
		{ "/no/such/command", NULL, NULL, 127, "unable to run /no/such/command" },
		{ "/etc/passwd", NULL, NULL, 126, "Permission denied" },
		{ "/tmp", NULL, NULL, 126, "Permission denied" },
		{ "true", "/no/such/dir", NULL, 126, "unable to enter the directory /no/such/dir" },
		{ "true", NULL, "no-such-user", 125, "there is no user no-such-user" },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct call c = { .program = rows[i].program,
				  .args = { rows[i].program },
				  .cwd = rows[i].cwd,
				  .user = rows[i].user ? rows[i].user : own_name() };

		call_run(&c);
		assert_int_equal(c.outcome.how, OUTCOME_FAILED);
		if (c.outcome.code != rows[i].code)
			fail_msg("row %zu: %u %s", i, c.outcome.code, c.outcome.text);
		if (!strstr(c.outcome.text, rows[i].text))
			fail_msg("row %zu: %s", i, c.outcome.text);
		assert_null(strchr(c.outcome.text, '\n'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command),  cmocka_unit_test(test_environment),
		cmocka_unit_test(test_clean),    cmocka_unit_test(test_login_shell),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
