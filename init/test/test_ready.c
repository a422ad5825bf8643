/* test_ready.c: a session begins when the boot is over, and no sooner. */
#include "init/ready.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/places.h"
#include "lib/test/cmocka_all.h"
#include "lib/test/mounts.h"

static pid_t session(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		ready_wait();
		_exit(7);
	}
	return pid;
}

static int ended(pid_t pid, int how)
{
	int status = 0;

	return waitpid(pid, &status, how) == pid && WEXITSTATUS(status) == 7;
}

static int waits(void)
{
	int fd;
	pid_t pid;

	if (!ended(session(), 0)) /* nobody holds it */
		return 1;
	dir_make(LANDBRIDGE_RUN, 0755);
	fd = ready_hold();
	if (fd < 0)
		return 2;
	pid = session();
	usleep(50000);
	if (ended(pid, WNOHANG))
		return 3;
	close(fd);
	return !ended(pid, 0) || !ended(session(), 0) ? 4 : 0;
}

static void test_waits(void **state)
{
	(void)state;
	mounts_apart("/run", waits);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_waits) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
