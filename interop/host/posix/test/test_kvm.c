/* test_kvm.c: what counts as a KVM that works. QEMU is a script here: a real
 * KVM cannot be made to fail on demand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "interop/host/posix/qemu.h"
#include "lib/fd.h"
#include "lib/lib.h"

/* Its last argument is file:CONSOLE. */
#define CONSOLE "for a; do :; done; echo '%s' >\"${a#file:}\"; "

static bool works_with(const char *script, const char *kernel, struct dirs *dirs)
{
	char text[300], path[PATH_MAX + 32];

	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);
	snprintf(path, sizeof(path), "%s/qemu", dirs->home);
	assert_int_equal(file_create(path, text, 0700), 0);
	return qemu_kvm_works(path, kernel, dirs);
}

static void remove_in(const struct dirs *dirs, const char *name)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s", dirs->home, name);
	assert_int_equal(unlink(path), 0);
}

static void test_trial(void **state)
{
	static const struct {
		const char *console, *then;
		bool works;
	} cases[] = {
		{ "Kernel panic - not syncing: VFS: Unable to mount root", "exit 0", true },
		{ "Linux version 6.1", "exit 0", false },
		{ "", "exit 0", false },
		{ "Kernel panic", "exit 1", false },
		{ "Kernel panic", "kill -9 $$", false },
		{ "", "exec sleep 60", false },
	};
	struct dirs dirs = { .home = "/tmp/landbridge-kvm-XXXXXX" };

	(void)state;
	if (access("/dev/kvm", R_OK | W_OK) < 0)
		skip();
	assert_non_null(mkdtemp(dirs.home));
	for (size_t i = 0; i < array_len(cases); i++) {
		char script[200];

		snprintf(script, sizeof(script), CONSOLE "%s", cases[i].console, cases[i].then);
		assert_int_equal(works_with(script, "/dev/null", &dirs), cases[i].works);
		remove_in(&dirs, "kvm");
	}
	remove_in(&dirs, "qemu");
	assert_int_equal(rmdir(dirs.home), 0); /* and nothing is left */
}

/* The answer is kept for one kernel: another one may be better. */
static void test_kept(void **state)
{
	struct dirs dirs = { .home = "/tmp/landbridge-kvm-XXXXXX" };

	(void)state;
	if (access("/dev/kvm", R_OK | W_OK) < 0)
		skip();
	assert_non_null(mkdtemp(dirs.home));
	assert_false(works_with("exit 1", "/dev/null", &dirs));
	assert_true(works_with("for a; do :; done; echo Kernel panic >\"${a#file:}\"", "/dev/zero",
			       &dirs));
	assert_true(works_with("exit 1", "/dev/zero", &dirs)); /* not tried again */
	remove_in(&dirs, "kvm");
	remove_in(&dirs, "qemu");
	assert_int_equal(rmdir(dirs.home), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trial),
		cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests_name("kvm", tests, NULL, NULL);
}
