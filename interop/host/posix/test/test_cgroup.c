/* test_cgroup.c: which group is ours, and what one with a limit does to who is in it. */
#include "interop/host/posix/cgroup.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static const struct {
	const char *text, *controller;
	int r;
	const char *group;
} owns[] = {
	{ "0::/user.slice/a.scope\n", "", 0, "/user.slice/a.scope" },
	{ "0::/", "", 0, "/" },
	{ "9:name=systemd:/s\n4:memory:/m:x\n0::/two\n", "memory", 0, "/m:x" },
	{ "9:name=systemd:/s\n4:memory:/m\n0::/two\n", "", 0, "/two" },
	{ "2:cpu,memory:/both\n", "memory", 0, "/both" },
	{ "2:cpu,memory:/both\n", "", -ENOENT, NULL },
	{ "2:memoryx,xmemory:/no\n", "memory", -ENOENT, NULL },
	{ "4:memory:no\n", "memory", -ENOENT, NULL },
	{ "4:memory\n:\n4", "memory", -ENOENT, NULL },
	{ "", "", -ENOENT, NULL },
	{ "0::/a group whose name is too long for the buffer", "", -ENAMETOOLONG, NULL },
};

static void test_own(void **state)
{
	char group[32];

	(void)state;
	for (size_t i = 0; i < array_len(owns); i++) {
		int r = cgroup_own(owns[i].text, owns[i].controller, group, sizeof(group));

		if (r != owns[i].r || (r == 0 && strcmp(group, owns[i].group) != 0))
			fail_msg("%s: %d %s", owns[i].text, r, r == 0 ? group : "");
	}
}

static void test_gap(void **state)
{
	char line[CGROUP_GAP_MAX];

	(void)state;
	cgroup_gap(-EACCES, 384, line, sizeof(line));
	assert_non_null(strstr(line, "384 MiB of memory of their own each"));
	assert_non_null(strstr(line, strerror(EACCES)));
	cgroup_gap(-EOPNOTSUPP, 384, line, sizeof(line));
	assert_non_null(strstr(line, "none has a limit"));
}

static const struct limits memory = { 64, 0 };

/* Holds so much until it is ended. */
static _Noreturn void hold(size_t size)
{
	char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; i < size; i += 4096)
		bytes[i] = 1;
	for (;;)
		pause();
}

/* In a group of 64 MiB as many processes with so much each: 0 when one was ended. */
static int crowd(const char *name, size_t mib, int processes)
{
	int outside = cgroup_enter(name, &memory), status;

	if (outside < 0)
		return 2;
	while (processes-- > 0)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			hold(mib << 20);
		}
	return wait(&status) > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : 1;
}

/* As soon as its last process is gone. */
static void group_is_removed(const char *name)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int tries = 1000, error;

	while ((error = cgroup_remove(name)) == -EBUSY && tries-- > 0)
		nanosleep(&pause, NULL);
	assert_int_equal(error, 0);
	assert_int_equal(cgroup_remove(name), -ENOENT);
}

/* The kernel ends who goes beyond it, alone or with others. */
static void test_limit(void **state)
{
	static const struct {
		size_t mib;
		int processes;
	} rows[] = { { 200, 1 }, { 40, 3 } };
	int status, error = cgroup_foresee(&memory);
	char name[32];
	pid_t pid;

	(void)state;
	if (error < 0) {
		print_message("no group here: %s\n", strerror(-error));
		skip();
	}
	fmt(name, sizeof(name), "test-%d", (int)getpid());
	for (size_t i = 0; i < array_len(rows); i++) {
		pid = fork();
		if (pid == 0)
			_exit(crowd(name, rows[i].mib, rows[i].processes));
		status = child_wait(pid, 20000);
		assert_true(status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
		group_is_removed(name);
	}
}

/* As many processes as the limits say, for who is root too: the last is refused. */
static int crowd_of(const char *name, const struct limits *limits)
{
	int outside = cgroup_enter(name, limits), made = 1;
	pid_t pid;

	if (outside < 0)
		return 2;
	while ((pid = fork()) > 0 && made < 100)
		made++;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid < 0 && errno == EAGAIN && made == (int)limits->processes ? 0 : 1;
}

static void test_processes(void **state)
{
	static const struct limits rows[] = { { 0, 8 }, { 64, 12 } };
	char name[32];
	int status;
	pid_t pid;

	(void)state;
	fmt(name, sizeof(name), "count-%d", (int)getpid());
	for (size_t i = 0; i < array_len(rows); i++) {
		if (cgroup_foresee(&rows[0]) < 0 || cgroup_foresee(&rows[i]) < 0)
			skip();
		pid = fork();
		if (pid == 0)
			_exit(crowd_of(name, &rows[i]));
		status = child_wait(pid, 20000);
		assert_true(status >= 0 && WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		group_is_removed(name);
	}
}

/* Who has left it may remove it. */
static void test_leave(void **state)
{
	char name[CGROUP_NAME], other[CGROUP_NAME];
	int outside, status;
	pid_t pid;

	(void)state;
	assert_int_equal(cgroup_name(name, "leave", "/"), 0);
	assert_int_equal(cgroup_name(other, "leave", "/proc"), 0);
	assert_string_not_equal(name, other);
	assert_int_equal(cgroup_name(other, "leave", "/nonesuch"), -ENOENT);
	if (cgroup_foresee(&memory) < 0)
		skip();
	pid = fork();
	if (pid == 0) {
		outside = cgroup_enter(name, &memory);
		if (cgroup_remove(name) != -ENOENT) /* there is none in the group itself */
			_exit(1);
		cgroup_leave(outside);
		_exit(cgroup_remove(name) == 0 ? 0 : 2);
	}
	status = child_wait(pid, 20000);
	assert_true(status >= 0 && WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_own), cmocka_unit_test(test_gap),
					    cmocka_unit_test(test_limit),
					    cmocka_unit_test(test_processes),
					    cmocka_unit_test(test_leave) };

	return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}
