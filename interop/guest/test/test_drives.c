/* test_drives.c: what a client waits for at its end, on drives that the kernel
 * describes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/guest/drives.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"
#include "pathconv/test/drive.h"
#include "pathconv/test/space.h"

/* A part of it is all that is seen of the drive. */
static void show_a_part(const char *dir)
{
	char part[64];

	fmt(part, sizeof(part), "%s/part", dir);
	space_check(mount(part, "/mnt", NULL, MS_BIND, NULL) == 0);
	space_check(umount2(dir, MNT_DETACH) == 0);
}

static int64_t refresh_takes(void)
{
	struct mounts mounts;
	int64_t begin = loop_now();

	space_check(mounts_load(&mounts) == 0);
	drives_refresh(&mounts);
	mounts_unload(&mounts);
	return loop_now() - begin;
}

/* Nobody's SIGCHLD: as below a shell that ignores it. */
static void refresh(const char *dir)
{
	int64_t took;
	struct stat st;
	pid_t server;

	signal(SIGCHLD, SIG_IGN);
	space_check(refresh_takes() < 1000); /* nothing is mounted */
	server = drive_mount("C:", dir);
	if (server < 0)
		space_leave("mount a FUSE file system", -server);
	space_check(stat(dir, &st) == 0);
	space_check(refresh_takes() < 1000);
	kill(server, SIGSTOP);
	space_check(stat(dir, &st) == 0); /* the kernel remembers; a refresh asks */
	took = refresh_takes();
	space_check(took >= 2000 && took < 5000);
	kill(server, SIGCONT);
	space_check(refresh_takes() < 1000);
	show_a_part(dir);
	space_check(refresh_takes() < 1000);
	kill(server, SIGSTOP);
	space_check(refresh_takes() >= 2000);
	kill(server, SIGCONT);
	kill(server, SIGKILL);
	space_check(refresh_takes() < 1000);
}

static void test_refresh(void **state)
{
	char dir[] = "/tmp/drives.XXXXXX";
	int status;

	(void)state;
	assert_non_null(mkdtemp(dir));
	status = space_run(refresh, dir);
	rmdir(dir);
	space_verdict(status);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_refresh) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
