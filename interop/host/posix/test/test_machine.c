/* test_machine.c: a machine's directory, its scrollback, and waiting for a child. */
#include "interop/host/posix/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/tool.h"
#include "interop/host/posix/guard.h"
#include "interop/host/posix/scrollback.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static char top[] = "/tmp/lbXXXXXX";

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(top))
		return -1;
	return setenv("XDG_RUNTIME_DIR", top, 1);
}

static int teardown(void **state)
{
	char path[64];

	(void)state;
	fmt(path, sizeof(path), "%s/landbridge", top);
	rmdir(path);
	return rmdir(top);
}

static void test_names(void **state)
{
	struct machine a, b, c;
	struct fault why = { 0 };

	(void)state;
	assert_int_equal(machine_create(&a, "boat", false, &why), 0);
	assert_int_equal(machine_create(&b, "boat", false, &why), -1);
	assert_non_null(strstr(why.text, "running already"));
	why.status = 0;
	assert_int_equal(machine_create(&b, "boat", true, &why), 0);
	assert_string_equal(b.name, "boat-2");
	assert_int_equal(machine_find(&c, "boat-2", &why), 0);
	assert_string_equal(c.dir, b.dir);
	machine_remove(&a);
	machine_remove(&b);
	assert_int_equal(machine_find(&c, "boat", &why), -1);
}

/* Whoever lists them may take his time: machines are found meanwhile. */
static int count(void *owner, const struct machine *m)
{
	struct fault why = { 0 };
	struct machine found;

	alarm(10); /* the end of a test that waits for the lock for ever */
	assert_int_equal(machine_find(&found, m->name, &why), 0);
	alarm(0);
	++*(int *)owner;
	return 0;
}

/* One whose supervisor was killed: nothing of it is left once somebody looks. */
static void test_dead(void **state)
{
	struct machine a, b;
	struct fault why = { 0 };
	char path[MACHINE_DIR];
	int living = 0;

	(void)state;
	assert_int_equal(machine_create(&a, "boat", false, &why), 0);
	assert_int_equal(machine_create(&b, "raft", false, &why), 0);
	machine_path(&a, "log", path);
	assert_int_equal(file_create(path, "x", 0600), 0);
	close(a.lock);
	assert_int_equal(machines_each(count, &living, &why), 0);
	assert_int_equal(living, 1);
	assert_int_equal(access(a.dir, F_OK), -1);
	/* The name is free again, also for one that nobody looked at in between. */
	close(b.lock);
	assert_int_equal(machine_create(&b, "raft", false, &why), 0);
	machine_remove(&b);
}

static void test_status(void **state)
{
	struct machine_status told = {
		.phase = "up", .supervisor = 1, .qemu = 22, .agent = 333, .image = "/a b\nc"
	};
	struct machine_status asked;
	struct machine m;
	struct fault why = { 0 };

	(void)state;
	assert_int_equal(machine_create(&m, "boat", false, &why), 0);
	assert_true(machine_ask(&m, &asked) < 0);
	assert_string_equal(asked.phase, "starting");
	assert_int_equal(machine_tell(&m, &told), 0);
	assert_int_equal(machine_ask(&m, &asked), 0);
	assert_string_equal(asked.phase, "up");
	assert_true(asked.supervisor == 1 && asked.qemu == 22 && asked.agent == 333);
	assert_string_equal(asked.image, "/a b\nc");
	machine_remove(&m);
}

/* A directory that others may write is none of ours. */
static void test_open_to_others(void **state)
{
	struct machine m;
	struct fault why = { 0 };
	char path[64];

	(void)state;
	fmt(path, sizeof(path), "%s/landbridge", top);
	assert_int_equal(chmod(path, 0770), 0);
	assert_int_equal(machine_create(&m, "boat", false, &why), -1);
	assert_non_null(strstr(why.text, "open to others"));
	assert_int_equal(chmod(path, 0700), 0);
}

static void test_scrollback(void **state)
{
	struct scrollback s;
	char path[64], line[64], text[64];
	struct stat st;
	int fd;

	(void)state;
	fmt(path, sizeof(path), "%s/text", top);
	assert_int_equal(scrollback_open(&s, path), 0);
	for (int i = 0; i < 200000; i++) {
		size_t len = fmt(line, sizeof(line), "line %d\n", i);

		scrollback_add(&s, line, len);
	}
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size <= SCROLLBACK_MAX && st.st_size > SCROLLBACK_MAX / 3);
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, text, 5), 5); /* from a whole line on */
	assert_memory_equal(text, "line ", 5);
	assert_int_equal(pread(fd, text, 12, st.st_size - 12), 12);
	assert_memory_equal(text, "line 199999\n", 12);
	close(fd);
	scrollback_close(&s);
	unlink(path);
}

/* No descriptor is left for a pidfd: the wait has its limit all the same. */
static void test_wait_without_pidfd(void **state)
{
	struct rlimit limit, before;
	int64_t begin = loop_now();
	pid_t pid;
	int r;

	(void)state;
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	getrlimit(RLIMIT_NOFILE, &before);
	limit = before;
	limit.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &limit);
	r = child_wait(pid, 200);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(r, -ETIMEDOUT);
	assert_true(loop_now() - begin < 5000);
	waitpid(pid, NULL, 0);
}

/* What QEMU can no longer do, tried with a shell in its place. */
static void test_guard(void **state)
{
	static const struct {
		int (*guard)(void);
		const char *script;
		bool works, root_only;
	} rows[] = {
		{ guard_files, "chmod 4755 f", false, false },
		{ guard_files, "chmod 6755 f", false, false },
		{ guard_files, "chmod 755 f && chmod 600 f", true, false },
		{ guard_files, "mkdir -m 1777 d && rmdir d", true, false },
		{ guard_files, "mkfifo p && rm p", true, false },
		{ guard_files, "mknod n c 1 3", false, true },
		{ guard_files, "chown 1:1 f && test $(stat -c %u f) = 1", true, true },
		{ guard_files, "chown 0:9 f; chmod 2755 f; test -g f", false, true },
		{ guard_files,
		  "/usr/bin/python3 -c 'import ctypes; c = ctypes.CDLL(None, use_errno=True); "
		  "exit(c.syscall(425, 1, bytes(120)) != -1 or ctypes.get_errno() != 38)'",
		  true, false }, /* io_uring_setup */
		{ guard_devices, "chmod 4755 f && test -u f", true, false },
		{ guard_devices, "mknod n c 1 3", false, true },
	};
	char sh[] = "/bin/sh", c[] = "-c", script[256];
	char *argv[] = { sh, c, script, NULL };
	struct tool tool = {
		.program = sh, .argv = argv, .dir = top, .in = -1, .out = -1, .err = -1
	};
	char path[64];

	(void)state;
	fmt(path, sizeof(path), "%s/f", top);
	for (size_t i = 0; i < array_len(rows); i++) {
		if (rows[i].root_only && geteuid() != 0)
			continue;
		unlink(path);
		assert_int_equal(file_create(path, "", 0600), 0);
		fmt(script, sizeof(script), "%s", rows[i].script);
		tool.before = rows[i].guard;
		if ((child_wait(tool_start(&tool), 10000) == 0) != rows[i].works)
			fail_msg("%s: the other way round", rows[i].script);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_open_to_others),
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_scrollback),
		cmocka_unit_test(test_wait_without_pidfd),
	};

	return cmocka_run_group_tests_name("machine", tests, setup, teardown);
}
