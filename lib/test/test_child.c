/* test_child.c: children begin as they were asked to, and waits end. */
#include "lib/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

enum { LONG_MS = 10000 };

/* --- what a child is -------------------------------------------------------------------- */

/* All of these return whether it is so; they run in the child. */
static bool is_plain(void)
{
	return getsid(0) != getpid();
}

static bool leads_session(void)
{
	return getsid(0) == getpid() && getpgrp() == getpid();
}

static bool signals_are_default(void)
{
	unsigned long kernel[8];
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int i = 1; i <= 64; i++) {
		if (syscall(SYS_rt_sigaction, i, NULL, kernel, 8) < 0 || kernel[0] != 0)
			return false;
		if (i != 32 && i != 33 && sigismember(&mask, i) == 1)
			return false;
	}
	return true;
}

static bool has_name(void)
{
	char name[16] = "";

	prctl(PR_GET_NAME, name);
	return strcmp(name, "a-name") == 0;
}

static bool dies_with_us(void)
{
	int signal = 0;

	prctl(PR_GET_PDEATHSIG, &signal);
	return signal == SIGTERM;
}

/* Descriptor i holds the text of `letters[i]`. */
static bool fds_hold(const char *letters)
{
	for (int i = 0; letters[i]; i++) {
		char c = 0;

		if (pread(i, &c, 1, 0) != 1 || c != letters[i] || fcntl(i, F_GETFD) != 0)
			return false;
	}
	return true;
}

static bool crossed(void)
{
	return fds_hold("bca");
}

static bool nothing_at_1(void)
{
	char c;

	return fds_hold("a") && read(1, &c, 1) == 0 && write(1, "x", 1) == 1;
}

static bool alone(void)
{
	for (int i = 2; i < 200; i++)
		if (fcntl(i, F_GETFD) >= 0)
			return false;
	return fds_hold("ab");
}

static int letters[3]; /* files that hold a, b, c; a and b at 0 and 1 while a child starts */

static const struct begin_case {
	const char *name;
	struct child_setup setup;
	int fds[3]; /* indices into letters, or -1 */
	bool (*is_so)(void);
} begins[] = {
	{ "plain", { 0 }, { 0 }, is_plain },
	{ "signals", { 0 }, { 0 }, signals_are_default },
	{ "a session", { .flags = CHILD_SESSION }, { 0 }, leads_session },
	{ "a name", { .name = "a-name" }, { 0 }, has_name },
	{ "a death signal", { .death_signal = SIGTERM }, { 0 }, dies_with_us },
	{ "crossed", { .fd_count = 3 }, { 1, 2, 0 }, crossed },
	{ "/dev/null", { .fd_count = 2 }, { 0, -1 }, nothing_at_1 },
	{ "alone", { .fd_count = 2, .flags = CHILD_ALONE }, { 0, 1 }, alone },
};

static int letter(char c)
{
	int fd = memfd_create("letter", MFD_CLOEXEC);

	assert_int_equal(write(fd, &c, 1), 1);
	return fd;
}

/* Signals as a careless parent would leave them. */
static void signals_spoil(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGRTMAX, SIG_IGN);
}

static int exec_checked(void *arg)
{
	const struct begin_case *c = arg;
	char *const argv[] = { (char[]){ "true" }, NULL };

	if (!c->is_so())
		return -EBADMSG;
	execv("/bin/true", argv);
	return -errno;
}

/* With letters a and b as descriptors 0 and 1, so that they cross. In a
 * process of its own: 127 failed to start, 1 not so. */
static int begin(const struct begin_case *c, bool exec)
{
	struct child_setup setup = c->setup;
	int fds[3];
	pid_t pid;

	signals_spoil();
	for (int i = 0; i < 2; i++)
		dup2(letters[i], i);
	for (size_t i = 0; i < setup.fd_count; i++)
		fds[i] = c->fds[i] < 0 ? -1 : c->fds[i] < 2 ? c->fds[i] : letters[c->fds[i]];
	setup.fds = fds;
	if (exec)
		pid = child_exec(&setup, exec_checked, (void *)(uintptr_t)c);
	else
		pid = child_fork(&setup);
	if (pid == 0)
		_exit(!c->is_so());
	if (pid < 0)
		return -pid;
	int status = child_wait(pid, LONG_MS);

	return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}

static void begin_as_asked(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		letters[i] = letter((char)('a' + i));
	for (size_t i = 0; i < 2 * array_len(begins); i++) {
		const struct begin_case *c = &begins[i / 2];
		pid_t pid = fork();

		if (pid == 0)
			_exit(begin(c, i % 2));
		int status = child_wait(pid, LONG_MS);

		if (status != 0)
			fail_msg("%s, %s: wait status %x", c->name, i % 2 ? "exec" : "fork",
				 status);
	}
	for (int i = 0; i < 3; i++)
		close(letters[i]);
}

static void terminal(void **state)
{
	int unlock = 0;
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int slave;
	pid_t pid;

	(void)state;
	assert_true(master >= 0);
	ioctl(master, TIOCSPTLCK, &unlock);
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	pid = child_fork(&(struct child_setup){ .flags = CHILD_SESSION | CHILD_TTY,
						.fds = (int[]){ slave, slave, slave },
						.fd_count = 3 });
	if (pid == 0)
		_exit(tcgetsid(2) != getpid());
	assert_int_equal(child_wait(pid, LONG_MS), 0);
	close(slave);
	close(master);
}

/* --- what goes wrong ----------------------------------------------------------------------- */

static int exec_nothing(void *arg)
{
	char *const argv[] = { (char[]){ "x" }, NULL };

	execv(arg, argv);
	return -errno;
}

static void exec_fails(void **state)
{
	static const struct {
		const char *path;
		int want;
	} paths[] = { { "/nowhere/at/all", -ENOENT },
		      { "/etc/passwd", -EACCES },
		      { "/", -EACCES } };
	const struct child_setup bad_fd = { .fds = (int[]){ 1000 }, .fd_count = 1 };
	const struct child_setup no_tty = { .flags = CHILD_SESSION | CHILD_TTY,
					    .fds = letters,
					    .fd_count = 1 };
	struct child_setup plain = { 0 };

	(void)state;
	for (size_t i = 0; i < array_len(paths); i++)
		assert_int_equal(child_exec(&plain, exec_nothing, (void *)(uintptr_t)paths[i].path),
				 paths[i].want);
	letters[0] = letter('a');
	assert_int_equal(child_exec(&bad_fd, exec_nothing, NULL), -EBADF);
	assert_int_equal(child_exec(&no_tty, exec_nothing, NULL), -ENOTTY);
	close(letters[0]);
	plain.fd_count = CHILD_FDS + 1;
	assert_int_equal(child_exec(&plain, exec_nothing, NULL), -EINVAL);
	assert_int_equal(child_fork(&plain), -EINVAL);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* and no child is left */
}

/* Between the fork and the prctl the parent can go; here it is gone. */
static void parent_gone(void **state)
{
	int report[2];
	char c;

	(void)state;
	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	pid_t pid = fork();

	if (pid == 0) {
		if (child_fork(&(struct child_setup){ .death_signal = SIGKILL }) == 0) {
			pause();
			(void)!write(report[1], "x", 1);
		}
		_exit(0);
	}
	close(report[1]);
	assert_int_equal(child_wait(pid, LONG_MS), 0);
	assert_int_equal(read(report[0], &c, 1), 0); /* the pipe is nobody's any more */
	close(report[0]);
}

/* --- waiting ------------------------------------------------------------------------------- */

static pid_t sleeper(unsigned ms)
{
	pid_t pid = child_fork(&(struct child_setup){ 0 });

	if (pid == 0) {
		if (ms)
			usleep(ms * 1000);
		else
			pause();
		_exit(7);
	}
	return pid;
}

static void waits(void **state)
{
	int64_t start = loop_now();
	pid_t pid = sleeper(50);

	(void)state;
	assert_int_equal(child_ends(pid, 0), 0);
	assert_int_equal(child_ends(pid, LONG_MS), 1);
	assert_int_equal(child_ends(pid, LONG_MS), 1); /* it was not reaped */
	assert_int_equal(WEXITSTATUS(child_wait(pid, 0)), 7);
	assert_int_equal(child_wait(pid, 0), -ECHILD);

	pid = sleeper(0);
	assert_int_equal(child_ends(pid, 20), 0);
	assert_int_equal(child_wait(pid, 20), -ETIMEDOUT);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1); /* killed and reaped */
	assert_true(loop_now() - start < LONG_MS);
}

/* A full table of descriptors changes nothing. */
static void waits_without_descriptors(void **state)
{
	struct rlimit before, none;
	pid_t pid = sleeper(0);

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 3, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	alarm(LONG_MS / 1000);
	assert_int_equal(child_wait(pid, 20), -ETIMEDOUT);
	alarm(0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* The SIGCHLD of another child is not swallowed. */
static void another_ends(void **state)
{
	pid_t other = sleeper(10), pid = sleeper(100);
	sigset_t child, before, pending;

	(void)state;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	assert_int_equal(WEXITSTATUS(child_wait(pid, LONG_MS)), 7);
	sigpending(&pending);
	assert_true(sigismember(&pending, SIGCHLD));
	assert_int_equal(waitpid(other, NULL, 0), other);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begin_as_asked), cmocka_unit_test(terminal),
		cmocka_unit_test(exec_fails),     cmocka_unit_test(parent_gone),
		cmocka_unit_test(waits),          cmocka_unit_test(waits_without_descriptors),
		cmocka_unit_test(another_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
