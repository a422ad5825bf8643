/* test_fd.c: small files, directories, unix sockets, descriptor passing. */
#include "lib/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/textfile.h"
#include "lib/test/cmocka_all.h"

static int enter_tmp(void **state)
{
	char *dir = strdup("/tmp/landbridge-fd-XXXXXX");

	*state = dir;
	return mkdtemp(dir) ? chdir(dir) : -1;
}

static int leave_tmp(void **state)
{
	char command[64];
	int err;

	snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
	err = chdir("/") || system(command);
	free(*state);
	return err;
}

static void test_files(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(dir_make("a/b/c", 0755), 0);
	assert_int_equal(dir_make("a/b/c", 0755), 0);
	assert_int_equal(file_create("a/b/c/f", "seven77", 0644), 0);
	assert_int_equal(file_read("a/b/c/f", buf, sizeof(buf)), 7);
	assert_string_equal(buf, "seven77");
	assert_int_equal(file_read("a/b/c/f", buf, 7), -EFBIG);
	assert_int_equal(file_write("a/b/none", "x"), -ENOENT);
	assert_int_equal(dir_make("a/b/c/f/g", 0755), -ENOTDIR);
}

/* What an image may have in the place of a text. */
static void test_odd_files(void **state)
{
	struct textfile text;
	char buf[8];
	int fd;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	alarm(10);
	assert_int_equal(file_read("fifo", buf, sizeof(buf)), 0);
	assert_int_equal(textfile_read(&text, "fifo"), 0);
	assert_int_equal(text.len, 0);
	textfile_drop(&text);
	assert_int_equal(textfile_read(&text, "/dev/zero"), 0);
	assert_int_equal(text.len, 0);
	textfile_drop(&text);
	alarm(0);
	fd = open("huge", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, (off_t)TEXTFILE_MAX + 1), 0);
	assert_int_equal(textfile_read(&text, "huge"), -EFBIG);
	assert_int_equal(ftruncate(fd, TEXTFILE_MAX), 0);
	assert_int_equal(textfile_read(&text, "huge"), 0);
	assert_int_equal(text.len, TEXTFILE_MAX);
	textfile_drop(&text);
	close(fd);
}

static void test_path_real(void **state)
{
	char here[PATH_MAX], want[PATH_MAX], out[PATH_MAX];
	static const struct {
		const char *path, *under; /* of the directory; NULL: -ENOENT */
	} rows[] = {
		{ ".", "" },
		{ "real", "/real" },
		{ "real/", "/real" },
		{ "link", "/real" },
		{ "link/../link/f", "/real/f" },
		{ "real/./f", "/real/f" },
		{ "dangling", NULL },
		{ "none", NULL },
	};

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(mkdir("real", 0755), 0);
	assert_int_equal(file_create("real/f", "", 0644), 0);
	assert_int_equal(symlink("real", "link"), 0);
	assert_int_equal(symlink("none", "dangling"), 0);
	for (size_t i = 0; i < array_len(rows); i++) {
		int rc = path_real(rows[i].path, out, sizeof(out));

		assert_int_equal(rc, rows[i].under ? 0 : -ENOENT);
		if (rc < 0)
			continue;
		fmt(want, sizeof(want), "%s%s", here, rows[i].under);
		assert_string_equal(out, want);
		assert_int_equal(path_real(rows[i].path, out, strlen(want)), -ENAMETOOLONG);
	}
	assert_int_equal(path_real("real/f/", out, sizeof(out)), -ENOTDIR);
	/* A working directory that somebody has removed. */
	assert_int_equal(mkdir("gone", 0755), 0);
	assert_int_equal(chdir("gone") < 0 || rmdir("../gone") < 0, 0);
	assert_int_equal(path_real(".", out, sizeof(out)), -ENOENT);
	assert_int_equal(chdir(here), 0);
}

static void test_same(void **state)
{
	int fds[2], copy, other;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	copy = dup(fds[1]);
	other = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_true(fd_is_same(fds[1], copy));
	assert_false(fd_is_same(fds[1], fds[0])); /* one pipe, two open files */
	assert_false(fd_is_same(fds[1], other));
	assert_false(fd_is_same(fds[1], -1));
	close(fds[0]), close(fds[1]), close(copy), close(other);
}

static void test_unix_socket(void **state)
{
	struct stat st;
	struct peer peer;
	mode_t mask = umask(077);
	int listener = unix_listen("s", 0666, 8);
	int client, server;

	(void)state;
	umask(mask);
	assert_true(listener >= 0);
	assert_int_equal(stat("s", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	client = unix_connect("s");
	assert_true(client >= 0);
	server = accept(listener, NULL, NULL);
	assert_int_equal(unix_peer(server, &peer), 0);
	assert_int_equal(peer.uid, getuid());
	assert_int_equal(peer.pid, getpid());
	close(client), close(server), close(listener);
	assert_int_equal(unix_connect("s"), -ECONNREFUSED);
	assert_int_equal(unix_connect("t"), -ENOENT);
	listener = unix_listen("s", 0666, 0);
	assert_true(listener >= 0);
	assert_int_equal(unix_listen("s", 0666, 8), -EADDRINUSE); /* it is served */
	assert_int_equal(unix_listen("s", 0666, 8), -EADDRINUSE); /* its queue is full */
	assert_int_equal(unix_connect_now("s"), -EAGAIN);
	close(listener);
	listener = unix_listen("s", 0666, 8);
	assert_true(listener >= 0);
	close(listener);
	assert_int_equal(file_create("kept", "x", 0644), 0);
	assert_int_equal(unix_listen("kept", 0666, 8), -EADDRINUSE);
	assert_int_equal(stat("kept", &st), 0);
}

static void test_pass_descriptor(void **state)
{
	int pair[2], p[2], got = -1;
	char c = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) + pipe(p), 0);
	assert_int_equal(fd_send(pair[0], p[1], "!", 1), 1);
	assert_int_equal(fd_recv(pair[1], &got, &c, 1), 1);
	assert_int_equal(c, '!');
	assert_true(got >= 0);
	assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(got, "x", 1), 1);
	assert_int_equal(read(p[0], &c, 1), 1);
	assert_int_equal(fd_send(pair[0], p[0], "!", 1), 1);
	assert_int_equal(read(pair[1], &c, 1), 1);
	fd_close(&got);
	assert_int_equal(got, -1);
	close(pair[0]), close(pair[1]), close(p[0]), close(p[1]);
}

/* Of two descriptors in one message the second is not kept for nobody. */
static void test_one_descriptor(void **state)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr head;
	} control = { .bytes = { 0 } };
	char c = '!';
	struct iovec iov = { &c, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *head;
	int pair[2], got = -1, next, two[2] = { 0, 1 };

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	msg.msg_control = control.bytes;
	msg.msg_controllen = sizeof(control.bytes);
	head = CMSG_FIRSTHDR(&msg);
	*head = (struct cmsghdr){ CMSG_LEN(sizeof(two)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(head), two, sizeof(two));
	assert_int_equal(sendmsg(pair[0], &msg, 0), 1);
	assert_int_equal(fd_recv(pair[1], &got, &c, 1), 1);
	next = dup(0);
	assert_int_equal(next, got + 1);
	close(next), close(got), close(pair[0]), close(pair[1]);
}

static void test_write_all_waits(void **state)
{
	int p[2];
	char buf[4096];
	size_t total = 0;

	(void)state;
	memset(buf, 'z', sizeof(buf));
	assert_int_equal(pipe(p), 0);
	assert_int_equal(fd_set_nonblock(p[1]), 0);
	pid_t child = fork();
	if (child == 0) {
		close(p[0]);
		for (int i = 0; i < 100; i++)
			if (fd_write_all(p[1], buf, sizeof(buf)) != 0)
				_exit(1);
		_exit(0);
	}
	close(p[1]);
	for (ssize_t n; (n = fd_read_full(p[0], buf, sizeof(buf))) > 0;)
		total += (size_t)n;
	assert_int_equal(total, 100 * sizeof(buf));
	close(p[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),          cmocka_unit_test(test_odd_files),
		cmocka_unit_test(test_path_real),      cmocka_unit_test(test_same),
		cmocka_unit_test(test_unix_socket),    cmocka_unit_test(test_pass_descriptor),
		cmocka_unit_test(test_one_descriptor), cmocka_unit_test(test_write_all_waits),
	};
	return cmocka_run_group_tests(tests, enter_tmp, leave_tmp);
}
