/* p9check.c: what files must do, checked on a mounted directory.
 *
 *   p9check posix DIR OTHER     DIR and OTHER: the same directory, mounted twice
 *   p9check fsx FILE SECONDS SEED [mmap]
 *   p9check many-open DIR       DIR's server is to have few descriptors
 *   p9check vsock PORT          a server there must not talk to this machine
 *
 * Run as root. One line for each failure; exit status 0: none.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "p9check.h"

int failures;
const char *other;

void fail(const char *file, int line, const char *what)
{
	printf("%s:%d: %s: %s\n", file, line, what, strerror(errno));
	failures++;
}

static int make(const char *name, const char *text)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	ok(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	return fd;
}

static int has(const char *name, const char *text)
{
	char buf[64] = { 0 };
	int fd = open(name, O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	close(fd);
	return n >= 0 && strcmp(buf, text) == 0;
}

static void check_open_files(void)
{
	char buf[8] = { 0 };
	struct stat st;
	int a = make("a", "old"), b = make("b", "new");

	ok(rename("b", "a") == 0); /* over an open file */
	ok(pread(a, buf, 8, 0) == 3 && memcmp(buf, "old", 3) == 0);
	ok(has("a", "new"));
	close(a);
	ok(unlink("a") == 0);
	ok(pwrite(b, "still", 5, 0) == 5);
	ok(pread(b, buf, 8, 0) == 5 && memcmp(buf, "still", 5) == 0);
	ok(fstat(b, &st) == 0 && st.st_size == 5);
	ok(ftruncate(b, 2) == 0 && fchmod(b, 0600) == 0);
	ok(fstat(b, &st) == 0 && st.st_size == 2 && (st.st_mode & 07777) == 0600);
	close(b);
	fails(open("a", O_RDONLY), ENOENT);
}

static void check_exclusive(void)
{
	char elsewhere[512];
	int won = 0, status;

	snprintf(elsewhere, sizeof(elsewhere), "%s/excl", other);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 4; i++)
			if (fork() == 0)
				_exit(open(i % 2 ? elsewhere : "excl", O_CREAT | O_EXCL | O_WRONLY,
					   0644) >= 0);
		while (wait(&status) > 0)
			won += WEXITSTATUS(status);
		ok(unlink("excl") == 0);
	}
	ok(won == 10);
}

static int as_user(uid_t uid, gid_t group, const char *name, int flags)
{
	int status;

	if (fork() == 0) {
		int fd = setgroups(1, &group) || setgid(uid) || setuid(uid)
				 ? -1
				 : open(name, flags, 0644);

		_exit(fd < 0 ? errno : 0);
	}
	wait(&status);
	return WEXITSTATUS(status);
}

static void check_permissions(void)
{
	struct stat st;

	close(make("private", "x"));
	ok(chown("private", 1001, 1001) == 0 && chmod("private", 0640) == 0);
	ok(as_user(1001, 1001, "private", O_RDWR) == 0);
	ok(as_user(1002, 1002, "private", O_RDONLY) == EACCES);
	ok(as_user(1003, 1003, "private", O_RDONLY) == EACCES);
	ok(mkdir("closed", 0700) == 0);
	close(make("closed/in", "x"));
	ok(as_user(1002, 1002, "closed/in", O_RDONLY) == EACCES);
	ok(mkdir("shared", 01777) == 0 && chmod("shared", 01777) == 0);
	ok(as_user(1002, 1002, "shared/mine", O_CREAT | O_RDWR) == 0);
	ok(stat("shared/mine", &st) == 0 && st.st_uid == 1002 && st.st_gid == 1002);
	ok(mkdir("grouped", 0775) == 0 && chown("grouped", 1001, 1003) == 0);
	ok(chmod("grouped", 02775) == 0);
	ok(as_user(1001, 1001, "grouped/in", O_CREAT | O_RDWR) == 0);
	ok(stat("grouped/in", &st) == 0 && st.st_gid == 1003);
}

static void check_links(void)
{
	struct stat st;
	char buf[16] = { 0 };

	ok(symlink("loop2", "loop1") == 0 && symlink("loop1", "loop2") == 0);
	fails(open("loop1", O_RDONLY), ELOOP);
	fails(open("loop1/below", O_RDONLY), ELOOP);
	ok(symlink("self", "self") == 0);
	fails(stat("self", &st), ELOOP);
	close(make("target", "t"));
	ok(symlink("target", "sym") == 0 && has("sym", "t"));
	ok(readlink("sym", buf, 16) == 6 && strcmp(buf, "target") == 0);
	ok(link("target", "hard") == 0 && stat("hard", &st) == 0 && st.st_nlink == 2);
	ok(lchown("sym", 1001, 1001) == 0 && lstat("sym", &st) == 0 && st.st_uid == 1001);
	ok(stat("target", &st) == 0 && st.st_uid == 0);
	ok(mkfifo("pipe", 0644) == 0 && stat("pipe", &st) == 0 && S_ISFIFO(st.st_mode));
}

/* Each is listed once, and goes by the name it is listed with. */
static void unlink_odd_names(void)
{
	struct dirent *entry;
	unsigned found = 0;
	DIR *dir = opendir(".");

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] == 'c') {
			ok(strlen(entry->d_name) == 2 && unlink(entry->d_name) == 0);
			found++;
		}
	if (dir)
		closedir(dir);
	ok(found == 254);
}

static void check_names(void)
{
	char name[300];
	struct stat st;

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	close(make(name, "x"));
	name[255] = 'n';
	name[256] = '\0';
	fails(open(name, O_CREAT | O_RDWR, 0644), ENAMETOOLONG);
	ok(mkdir("odd", 0755) == 0 && chdir("odd") == 0);
	for (int c = 1; c < 256; c++) {
		char odd[] = { 'c', (char)c, 0 };

		if (c == '/')
			continue;
		close(make(odd, "x"));
		ok(stat(odd, &st) == 0 && st.st_size == 1);
	}
	unlink_odd_names();
	ok(chdir("..") == 0 && rmdir("odd") == 0);
}

static void check_sparse(void)
{
	struct stat st;
	char buf[4] = { 1, 1, 1, 1 };
	char elsewhere[512];
	int fd = open("sparse", O_CREAT | O_RDWR, 0644);

	ok(pwrite(fd, "end", 3, 1LL << 33) == 3);
	ok(fsync(fd) == 0);
	ok(fstat(fd, &st) == 0 && st.st_size == (1LL << 33) + 3);
	ok(pread(fd, buf, 4, 1LL << 32) == 4 && buf[0] == 0 && buf[3] == 0);
	ok(pread(fd, buf, 3, 1LL << 33) == 3 && memcmp(buf, "end", 3) == 0);
	close(fd);
	/* With cache=loose the client makes up its own number of blocks. */
	snprintf(elsewhere, sizeof(elsewhere), "%s/sparse", other);
	ok(stat(elsewhere, &st) == 0 && st.st_blocks < 1000);
	ok(unlink("sparse") == 0);
}

static void check_xattrs(void)
{
	char buf[4096];

	close(make("x", "x"));
	ok(setxattr("x", "user.a", "value", 5, 0) == 0);
	ok(getxattr("x", "user.a", buf, sizeof(buf)) == 5 && memcmp(buf, "value", 5) == 0);
	ok(listxattr("x", buf, sizeof(buf)) >= 7);
	fails(setxattr("x", "user.a", "v", 1, XATTR_CREATE), EEXIST);
	fails(getxattr("x", "user.none", buf, sizeof(buf)), ENODATA);
	ok(removexattr("x", "user.a") == 0);
	fails(getxattr("x", "user.a", buf, sizeof(buf)), ENODATA);
	memset(buf, 'v', 3000);
	ok(setxattr("x", "user.long", buf, 3000, 0) == 0);
	memset(buf, 0, sizeof(buf));
	ok(getxattr("x", "user.long", buf, sizeof(buf)) == 3000 && buf[2999] == 'v');
	fails(getxattr("x", "user.long", buf, 100), ERANGE);
	ok(setxattr("x", "user.empty", "", 0, 0) == 0);
	ok(getxattr("x", "user.empty", buf, sizeof(buf)) == 0);
	fails(setxattr("x", "trusted.t", "t", 1, 0), EPERM); /* the server has no CAP_SYS_ADMIN */
}

static void check_many(void)
{
	char name[32];
	struct dirent *entry;
	unsigned found = 0;
	DIR *dir;

	ok(mkdir("many", 0755) == 0);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0644));
	}
	dir = opendir("many");
	while (dir && (entry = readdir(dir))) {
		snprintf(name, sizeof(name), "many/%.20s", entry->d_name);
		found += entry->d_name[0] != '.' && unlink(name) == 0;
	}
	if (dir)
		closedir(dir);
	ok(found == 500);
	ok(rmdir("many") == 0);
}

static void check_append_and_rename(void)
{
	struct stat st;
	int a = open("log", O_CREAT | O_WRONLY | O_APPEND, 0644);
	int b = open("log", O_WRONLY | O_APPEND);

	for (int i = 0; i < 10; i++)
		ok(write(a, "a", 1) == 1 && write(b, "b", 1) == 1);
	close(a);
	close(b);
	ok(stat("log", &st) == 0 && st.st_size == 20);
	ok(mkdir("from", 0755) == 0 && mkdir("from/sub", 0755) == 0 && mkdir("to", 0755) == 0);
	a = make("from/sub/f", "deep");
	ok(rename("from/sub", "to/sub") == 0);
	ok(has("to/sub/f", "deep"));
	ok(write(a, "er", 2) == 2);
	close(a);
	ok(has("to/sub/f", "deeper"));
	fails(rename("to", "to/sub/x"), EINVAL);
	fails(rmdir("to"), ENOTEMPTY);
}

/* alone: all requests are one user's, whoever asks. */
static int run_posix(const char *dir, int alone)
{
	umask(022);
	if (chdir(dir) < 0) {
		fail(__FILE__, __LINE__, dir);
		return 1;
	}
	check_open_files();
	check_exclusive();
	if (!alone)
		check_permissions();
	check_links();
	check_names();
	check_sparse();
	check_xattrs();
	check_locks();
	check_many();
	check_append_and_rename();
	printf("p9check: posix: %d failed\n", failures);
	return failures != 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	other = argc == 4 ? argv[3] : ".";
	if (argc == 4 && strcmp(what, "posix") == 0)
		return run_posix(argv[2], 0);
	if (argc == 4 && strcmp(what, "posix-alone") == 0)
		return run_posix(argv[2], 1);
	if (argc >= 5 && strcmp(what, "fsx") == 0)
		return run_fsx(argv[2], atoi(argv[3]), (unsigned)atoi(argv[4]), argc > 5);
	if (strcmp(what, "many-open") == 0)
		return run_many_open(argv[2]);
	if (strcmp(what, "vsock") == 0)
		return run_vsock((unsigned)atoi(argv[2]));
	printf("usage: p9check posix[-alone] DIR OTHER | fsx FILE SECONDS SEED [mmap] | "
	       "many-open DIR | vsock PORT\n");
	return 2;
}
