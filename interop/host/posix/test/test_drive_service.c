/* test_drive_service.c: a process for each stream to a drive. */
#include "interop/host/posix/drive_service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"
#include "p9d/test/client.h"

enum { ROOT, NEW };

static char dir[] = "/tmp/lbXXXXXX";

static int setup(void **state)
{
	static struct drives drives;
	static struct drive_service service;

	if (!mkdtemp(dir))
		return -1;
	drives_add(&drives, 'D', dir);
	drives_add(&drives, 'E', dir);
	drives.at[1].read_only = true;
	drives_add(&drives, 'F', "/nowhere");
	drive_service_begin(&service, &drives, 0, -1);
	*state = &service;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(dir);
}

/* Waits for one to end. */
static void reap(struct drive_service *s)
{
	pid_t pid = waitpid(-1, NULL, 0);

	assert_true(pid > 0);
	assert_true(drive_service_reaped(s, pid));
	assert_false(drive_service_reaped(s, pid));
}

static void test_wrong_ones(void **state)
{
	assert_int_equal(drive_service_open(*state, 'C'), -ENOENT);
	assert_int_equal(drive_service_open(*state, 'F'), -ENOENT);
}

static void test_serves(void **state)
{
	struct drive_service *s = *state;
	struct client c;

	for (int letter = 'D'; letter <= 'E'; letter++) {
		client_on(&c, drive_service_open(s, (char)letter));
		want(s->count, 1);
		want(c_version(&c, "9P2000.L", 8192), 0);
		want(c_attach(&c, ROOT, 12345), 0);
		want(c_mkdir(&c, ROOT, "made", 0755), letter == 'D' ? 0 : EROFS);
		want(c_walk(&c, ROOT, NEW, "made"), 0);
		if (letter == 'E')
			want(rmdir(strcat(strcpy((char[64]){ 0 }, dir), "/made")), 0);
		client_close(&c);
		reap(s);
		want(s->count, 0);
	}
}

/* Its servers go, and the others stay. */
static void test_comes_and_goes(void **state)
{
	struct drive_service *s = *state;
	struct drive later = { .letter = 'Z' };
	int others = drive_service_open(s, 'D'), stream;
	char byte;

	fmt(later.dir, sizeof(later.dir), "%s", dir);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(drive_service_open(s, 'Z'), -ENOENT);
		assert_int_equal(drive_service_add(s, &later), 0);
		drives_add((struct drives *)(uintptr_t)s->drives, 'Z', dir);
		stream = drive_service_open(s, 'Z');
		assert_true(stream >= 0);
		drive_service_drop(s, 'Z');
		assert_int_equal(drive_service_open(s, 'Z'), -ENOENT);
		drives_drop((struct drives *)(uintptr_t)s->drives, 'Z');
		reap(s);
		assert_int_equal(read(stream, &byte, 1), 0);
		close(stream);
		want(s->count, 1);
	}
	fmt(later.dir, sizeof(later.dir), "/nowhere");
	assert_int_equal(drive_service_add(s, &later), -ENOENT);
	drive_service_drop(s, 'Z');
	close(others);
	reap(s);
}

static void test_limit(void **state)
{
	struct drive_service *s = *state;
	int streams[DRIVE_SERVERS_MAX];

	for (size_t i = 0; i < DRIVE_SERVERS_MAX; i++) {
		streams[i] = drive_service_open(s, 'D');
		assert_true(streams[i] >= 0);
	}
	assert_int_equal(drive_service_open(s, 'D'), -EUSERS);
	drive_service_kill(s);
	for (size_t i = 0; i < DRIVE_SERVERS_MAX; i++) {
		reap(s);
		close(streams[i]);
	}
	assert_int_equal(s->count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_ones),
		cmocka_unit_test(test_serves),
		cmocka_unit_test(test_comes_and_goes),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests_name("drive_service", tests, setup, teardown);
}
