/* test_tree.c: signals to all descendants, but some. */
#include "lib/tree.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/test/cmocka_all.h"

enum { PATIENCE_MS = 5000 };

static pid_t sleeper(void)
{
	const struct child_setup setup = { .death_signal = SIGKILL };
	pid_t pid = child_fork(&setup);

	if (pid == 0) {
		pause();
		_exit(1);
	}
	assert_true(pid > 0);
	return pid;
}

static void test_spared(void **state)
{
	const pid_t kids[] = { sleeper(), sleeper(), sleeper() };
	int status;

	(void)state;
	assert_int_equal(tree_signal_but(getpid(), SIGTERM, &kids[1], 1), 2);
	for (int i = 0; i < 3; i += 2) {
		status = child_wait(kids[i], PATIENCE_MS);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	}
	assert_int_equal(waitpid(kids[1], NULL, WNOHANG), 0);
	assert_int_equal(tree_signal_but(getpid(), SIGTERM, &kids[1], 1), 0);
	assert_int_equal(tree_signal(getpid(), SIGTERM), 1);
	status = child_wait(kids[1], PATIENCE_MS);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_spared) };

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
