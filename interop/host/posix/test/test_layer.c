/* test_layer.c: one directory below two layers. */
#include "interop/host/posix/layer.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/test/scratch.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static int setup(void **state)
{
	static const char *const dirs[] = { "lower", "a", "b" };

	(void)state;
	if (scratch_make() < 0)
		return -1;
	for (size_t i = 0; i < array_len(dirs); i++)
		dir_make(at(dirs[i]), 0700);
	return file_create(at("lower/file"), "lower", 0600);
}

static int change(const char *layer, const char *text)
{
	char there[32];

	if (layer_mount(at("lower"), at(layer)) < 0)
		return 10;
	if (file_read(at("lower/file"), there, sizeof(there)) < 0 || strcmp(there, "lower") != 0)
		return 11;
	if (file_create(at("lower/new"), text, 0600) < 0 || file_write(at("lower/file"), text) < 0)
		return 12;
	return file_read(at("lower/new"), there, sizeof(there)) < 0 || strcmp(there, text) != 0 ? 13
												: 0;
}

static int in_child(uid_t uid, const char *layer, const char *text)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(9);
		prctl(PR_SET_DUMPABLE, 1); /* which changing the user took away */
		_exit(change(layer, text));
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void layers_are_apart(uid_t uid)
{
	char there[32];

	assert_int_equal(in_child(uid, "a", "of a!"), 0);
	assert_int_equal(in_child(uid, "b", "of b!"), 0);
	assert_true(file_read(at("lower/file"), there, sizeof(there)) > 0);
	assert_string_equal(there, "lower");
	assert_int_equal(access(at("lower/new"), F_OK), -1);
	assert_true(file_read(at("a/upper/file"), there, sizeof(there)) > 0);
	assert_string_equal(there, "of a!");
	assert_true(file_read(at("b/upper/new"), there, sizeof(there)) > 0);
	assert_string_equal(there, "of b!");
}

static void test_user(void **state)
{
	enum { SOMEBODY = 54321 };
	char command[PATH_MAX];

	(void)state;
	if (geteuid() != 0)
		skip();
	fmt(command, sizeof(command), "chown -R %d:%d %s", SOMEBODY, SOMEBODY, scratch);
	assert_int_equal(system(command), 0);
	layers_are_apart(SOMEBODY);
	fmt(command, sizeof(command), "rm -r %s/a/* %s/b/*", scratch, scratch);
	assert_int_equal(system(command), 0);
}

static void test_self(void **state)
{
	(void)state;
	if (layer_try(at("lower"), at("a")) < 0)
		skip();
	layers_are_apart(geteuid());
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(layer_mount("/tmp/x,y", "/tmp/z"), -EINVAL);
	assert_int_equal(layer_mount("/tmp/x", "/tmp/z:"), -EINVAL);
	assert_int_equal(layer_mount("/tmp/x\\", "/tmp/z"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_self),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("layer", tests, setup, scratch_remove);
}
