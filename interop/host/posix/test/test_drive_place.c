/* test_drive_place.c: a directory that is shown to who is behind the wall already. */
#include "interop/host/posix/drive_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/test/scratch.h"
#include "interop/host/posix/wall.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

enum { USER = 54321 };

static const char *const dirs[] = { "", "bin", "bin/wine", "prefix", "run", "d", "d/in", "other" };

static int setup(void **state)
{
	(void)state;
	unsetenv("DISPLAY");
	if (scratch_make() < 0)
		return -1;
	for (size_t i = 1; i < array_len(dirs); i++)
		mkdir(at(dirs[i]), 0700);
	file_create(at("bin/wine/wine64"), "#!/bin/sh\n", 0700);
	file_create(at("prefix/seen"), "layer", 0600);
	return file_create(at("d/f"), "far", 0600);
}

/* --- behind the wall ------------------------------------------------------------- */

static int opens(const char *name, int flags)
{
	char path[64];
	int fd;

	fmt(path, sizeof(path), DRIVE_PLACES "/%s", name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* What is asked for, a byte each: the answer is an errno, or 0. */
static char answer(char asked)
{
	switch (asked) {
	case 'r':
		return (char)opens("e/f", O_RDONLY);
	case 'w':
		return (char)opens("e/new", O_WRONLY | O_CREAT);
	case 'p':
		return (char)opens("e/in/seen", O_RDONLY);
	case 'm':
		return mkdir(DRIVE_PLACES "/own", 0700) < 0 ? (char)errno : 0;
	default:
		return (char)opens("f/f", O_RDONLY);
	}
}

static _Noreturn void behind(int socket)
{
	static struct wine wine;
	static struct drives none;
	const struct wall wall = { .wine = &wine, .drives = &none, .socket_dir = -1 };
	struct wall_state state = { .view = 0 };
	char asked = 0;
	int space;

	fmt(wine.loader, sizeof(wine.loader), "%s", at("bin/wine/wine64"));
	fmt(wine.server, sizeof(wine.server), "%s", wine.loader);
	fmt(wine.helper, sizeof(wine.helper), "%s", wine.loader);
	fmt(wine.prefix, sizeof(wine.prefix), "%s", at("prefix"));
	if (wall_raise(&wall, &state) < 0 || state.places < 0)
		_exit(77);
	space = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (space < 0 || fd_send(socket, space, "", 1) != 1)
		_exit(1);
	while (recv(socket, &asked, 1, 0) == 1) {
		asked = answer(asked);
		(void)!send(socket, &asked, 1, MSG_NOSIGNAL);
	}
	_exit(0);
}

/* --- the host ---------------------------------------------------------------------- */

struct host {
	int socket, space;
	pid_t pid;
};

static void become(uid_t uid)
{
	if (getuid() == 0 && uid && (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0))
		_exit(1);
	prctl(PR_SET_DUMPABLE, 1); /* its own /proc is its own again */
}

static bool host_begin(struct host *h, uid_t uid)
{
	int pair[2];
	char byte;

	for (size_t i = 0; i < array_len(dirs) && getuid() == 0; i++)
		assert_int_equal(chown(at(dirs[i]), uid, uid), 0);
	if (getuid() == 0)
		assert_int_equal(chown(at("d/f"), uid, uid), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	h->socket = pair[0];
	h->pid = fork();
	if (h->pid == 0) {
		close(pair[0]);
		become(uid);
		behind(pair[1]);
	}
	close(pair[1]);
	return fd_recv(h->socket, &h->space, &byte, 1) == 1 && h->space >= 0;
}

static int finds(const struct host *h, char asked)
{
	char answer = 99;

	assert_int_equal(send(h->socket, &asked, 1, 0), 1);
	assert_int_equal(recv(h->socket, &answer, 1, 0), 1);
	return answer;
}

static int changes(const struct host *h, uid_t uid, struct drive_showing *s,
		   int (*change)(const struct drive_showing *s))
{
	pid_t pid = fork();
	int status;

	s->space = h->space;
	if (pid == 0) {
		become(uid);
		_exit(-change(s));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void place_holds(uid_t uid)
{
	struct drive_showing s = { .drive = { .letter = 'E' } };
	struct host h;

	if (!host_begin(&h, uid)) {
		print_message("not tried: no namespaces for this user\n");
		return;
	}
	fmt(s.drive.dir, sizeof(s.drive.dir), "%s", at("d"));
	s.dir = open(s.drive.dir, O_PATH | O_CLOEXEC);
	assert_int_equal(finds(&h, 'r'), ENOENT);
	assert_int_not_equal(finds(&h, 'w'), 0);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(changes(&h, uid, &s, drive_show), 0);
		assert_int_equal(finds(&h, 'r'), 0);
		assert_int_equal(finds(&h, 'w'), 0);
		assert_int_equal(access(at("d/new"), F_OK), 0);
		assert_int_equal(finds(&h, 'p'), ENOENT);
		assert_int_equal(finds(&h, 'x'), ENOENT);
		assert_int_equal(changes(&h, uid, &s, drive_hide), 0);
		assert_int_equal(finds(&h, 'r'), ENOENT);
		unlink(at("d/new"));
	}
	assert_int_not_equal(finds(&h, 'm'), 0);

	s.drive.read_only = true;
	assert_int_equal(changes(&h, uid, &s, drive_show), 0);
	assert_int_equal(finds(&h, 'r'), 0);
	assert_int_equal(finds(&h, 'w'), EROFS);
	assert_int_equal(changes(&h, uid, &s, drive_hide), 0);

	close(s.dir);
	s.dir = open(at("other"), O_PATH | O_CLOEXEC);
	assert_int_equal(changes(&h, uid, &s, drive_show), ESTALE);
	assert_int_equal(finds(&h, 'r'), ENOENT);
	close(s.dir);
	close(h.space);
	close(h.socket);
	waitpid(h.pid, NULL, 0);
}

static void test_place(void **state)
{
	(void)state;
	place_holds(getuid());
}

static void test_place_of_a_user(void **state)
{
	(void)state;
	if (getuid() == 0)
		place_holds(USER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_place, setup, scratch_remove),
		cmocka_unit_test_setup_teardown(test_place_of_a_user, setup, scratch_remove),
	};

	return cmocka_run_group_tests_name("drive_place", tests, NULL, NULL);
}
