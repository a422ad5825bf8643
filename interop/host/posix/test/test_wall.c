/* test_wall.c: what a process behind the wall can still do to the host. */
#include "interop/host/posix/wall.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static char top[] = "/tmp/lbXXXXXX";

static const char *at(const char *name)
{
	static char path[PATH_MAX];

	fmt(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static int setup(void **state)
{
	static const char *const dirs[] = { "bin", "bin/wine", "prefix", "d", "e", "run" };

	(void)state;
	if (!mkdtemp(top))
		return -1;
	for (size_t i = 0; i < array_len(dirs); i++)
		mkdir(at(dirs[i]), 0700);
	file_create(at("secret"), "x", 0600);
	file_create(at("d/own"), "x", 0600);
	file_create(at("e/own"), "x", 0600);
	file_create(at("run/socket"), "x", 0600);
	file_create(at("bin/wine/wine64"), "#!/bin/sh\n", 0700);
	file_create(at("d/script"), "#!/bin/sh\n", 0700);
	return symlink("../secret", at("d/link"));
}

static int teardown(void **state)
{
	char command[PATH_MAX];

	(void)state;
	fmt(command, sizeof(command), "rm -r %s", top);
	return system(command);
}

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int try_exec(const char *path)
{
	char *argv[] = { (char *)(uintptr_t)path, NULL };

	execv(path, argv);
	return -errno;
}

/* The first thing that is not as it should be: its line; 0: all is. */
static int behind(void)
{
	static const struct {
		const char *path;
		int flags, result;
	} opens[] = {
		{ "secret", O_RDONLY, -EACCES },
		{ "secret", O_WRONLY, -EACCES },
		{ "new", O_WRONLY | O_CREAT, -EACCES },
		{ "d/own", O_RDWR, 0 },
		{ "d/new", O_WRONLY | O_CREAT, 0 },
		{ "d/link", O_RDONLY, -EACCES },
		{ "d/../secret", O_RDONLY, -EACCES },
		{ "e/own", O_RDONLY, 0 },
		{ "e/own", O_WRONLY, -EACCES },
		{ "e/own", O_RDONLY | O_TRUNC, -EACCES },
		{ "e/new", O_WRONLY | O_CREAT, -EACCES },
		{ "prefix/new", O_WRONLY | O_CREAT, 0 },
		{ "run/socket", O_RDONLY, -EACCES },
		{ "run/new", O_WRONLY | O_CREAT, -EACCES },
	};

	for (size_t i = 0; i < array_len(opens); i++)
		if (try_open(at(opens[i].path), opens[i].flags) != opens[i].result)
			return (int)i + 1;
	if (try_open("/etc/shadow", O_RDONLY) != -EACCES || try_open("/etc/hosts", O_RDONLY) != 0 ||
	    try_open("/dev/null", O_RDWR) != 0)
		return 50;
	if (try_exec("/bin/true") != -EACCES || try_exec(at("d/script")) != -EACCES)
		return 51;
	if (try_open("/etc/ssl/private", O_RDONLY | O_DIRECTORY) == 0)
		return 53;
	if (unlink(at("run/socket")) < 0 || unlink(at("secret")) == 0 || unlink(at("e/own")) == 0)
		return 52;
	return 0;
}

static void test_wall(void **state)
{
	struct wine wine = { .lock = -1 };
	struct drives drives = { 0 };
	int status;
	pid_t pid;

	(void)state;
	fmt(wine.loader, sizeof(wine.loader), "%s", at("bin/wine/wine64"));
	fmt(wine.server, sizeof(wine.server), "%s", at("bin/wine/wineserver"));
	fmt(wine.prefix, sizeof(wine.prefix), "%s", at("prefix"));
	drives_add(&drives, 'D', at("d"));
	drives_add(&drives, 'E', at("e"));
	drives.at[1].read_only = true;
	pid = fork();
	if (pid == 0) {
		int r = wall_raise(&wine, &drives, at("run/socket"));

		_exit(r == -EOPNOTSUPP ? 99 : r < 0 ? 98 : behind());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 99)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_wall) };

	return cmocka_run_group_tests_name("wall", tests, setup, teardown);
}
