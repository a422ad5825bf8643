/* test_wall.c: what a process behind the wall can still do to the host. */
#include "interop/host/posix/wall.h"
#include "interop/host/posix/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/test/scratch.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static const char *const owned[] = { "",      "prefix", "prefix/new", "prefix/tmp", "d",
				     "d/own", "d/new",  "e",          "e/own",      "secret" };

static int setup(void **state)
{
	static const char *const dirs[] = { "bin", "bin/wine", "prefix", "prefix/tmp",
					    "d",   "e",        "run" };

	(void)state;
	unsetenv("DISPLAY");
	if (scratch_make() < 0)
		return -1;
	for (size_t i = 0; i < array_len(dirs); i++)
		mkdir(at(dirs[i]), 0700);
	file_create(at("secret"), "x", 0600);
	file_create(at("d/own"), "x", 0600);
	file_create(at("e/own"), "x", 0600);
	file_create(at("bin/wine/helper"), "x", 0600);
	file_create(at("bin/wine/wine64"), "#!/bin/sh\n", 0700);
	file_create(at("d/script"), "#!/bin/sh\n", 0700);
	return symlink("../secret", at("d/link"));
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

static int try_connect(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	fmt(to.sun_path, sizeof(to.sun_path), "%s", path);
	r = connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static int try_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = -1;

	if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0)
		slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return slave < 0 ? -errno : 0;
}

/* The first thing that is not as it should be: its line; 0: all is. */
static int rights(int socket_dir)
{
	static const struct {
		const char *path;
		int flags;
		bool may;
	} opens[] = {
		{ "secret", O_RDONLY, false },          { "secret", O_WRONLY, false },
		{ "new", O_WRONLY | O_CREAT, false },   { "d/own", O_RDWR, true },
		{ "d/new", O_WRONLY | O_CREAT, true },  { "d/link", O_RDONLY, false },
		{ "d/../secret", O_RDONLY, false },     { "e/own", O_RDONLY, true },
		{ "e/own", O_WRONLY, false },           { "e/own", O_RDONLY | O_TRUNC, false },
		{ "e/new", O_WRONLY | O_CREAT, false }, { "prefix/new", O_WRONLY | O_CREAT, true },
		{ "run/file", O_RDONLY, false },        { "run/new", O_WRONLY | O_CREAT, false },
	};

	for (size_t i = 0; i < array_len(opens); i++)
		if ((try_open(at(opens[i].path), opens[i].flags) == 0) != opens[i].may)
			return (int)i + 1;
	if (try_open("/etc/shadow", O_RDONLY) == 0 || try_open("/etc/hosts", O_RDONLY) < 0 ||
	    try_open("/dev/null", O_RDWR) < 0)
		return 50;
	if (try_exec("/bin/true") == 0 || try_exec(at("d/script")) != -EACCES)
		return 51;
	if (try_open("/etc/ssl/private", O_RDONLY | O_DIRECTORY) == 0)
		return 52;
	if (unlink(at("secret")) == 0 || unlink(at("e/own")) == 0)
		return 53;
	if (unlinkat(socket_dir, "file", 0) < 0 || openat(socket_dir, "socket", O_RDONLY) >= 0)
		return 54;
	return try_terminal() < 0 ? 55 : 0;
}

/* What root's programs could do by a call that needs no name, or leave behind. */
static int powers(void)
{
	struct {
		struct file_handle head;
		char bytes[MAX_HANDLE_SZ];
	} handle = { .head = { .handle_bytes = MAX_HANDLE_SZ } };
	int mount, fd = open(at("d"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || name_to_handle_at(fd, "own", &handle.head, &mount, 0) < 0)
		return 70;
	if (open_by_handle_at(fd, &handle.head, O_RDONLY) >= 0)
		return 71;
	if (geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_DAC_READ_SEARCH) != 0)
		return 72;
	if (chmod(at("d/own"), 04755) == 0 || fchmodat(fd, "own", 04700, 0) == 0)
		return 73;
	return openat(fd, "power", O_WRONLY | O_CREAT, 04755) >= 0 ? 74 : 0;
}

/* What the host has beside us: a process of the same user, and the test's names. */
static struct host {
	pid_t pid;
	int memory; /* System V */
	int abstract;
} host;

/* Nothing reaches a process that is not among its own. */
static int processes(void)
{
	struct rlimit limit = { 100, 100 };
	char path[64];
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	fmt(path, sizeof(path), "/proc/%d/comm", host.pid);
	if (getpid() != 1 || access("/proc/1/comm", F_OK) < 0 || access(path, F_OK) == 0)
		return 80;
	if (kill(host.pid, 0) == 0 || errno != ESRCH || ptrace(PTRACE_SEIZE, host.pid, 0, 0) == 0)
		return 81;
	if (prlimit(host.pid, RLIMIT_NOFILE, &limit, NULL) == 0 || errno != ESRCH)
		return 82;
	if (setpriority(PRIO_PROCESS, (id_t)host.pid, 19) == 0 ||
	    sched_setaffinity(host.pid, sizeof(all), &all) == 0)
		return 83;
	return file_write("/proc/sys/kernel/core_pattern", "x") == 0 ? 84 : 0;
}

/* What has names of its own kinds. */
static int names(bool scoped)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = offsetof(struct sockaddr_un, sun_path) + 1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool reached;

	len += fmt(to.sun_path + 1, sizeof(to.sun_path) - 1, "%s", scratch);
	reached = connect(fd, (struct sockaddr *)&to, (socklen_t)len) == 0;
	close(fd);
	if (reached && scoped)
		return 90;
	return shmat(host.memory, NULL, SHM_RDONLY) != (void *)-1 ? 91 : 0;
}

/* The kernel ends it before the host's own. */
static int yields(void)
{
	char score[16];

	return file_read("/proc/self/oom_score_adj", score, sizeof(score)) <= 0 || atoi(score) < 500
		       ? 92
		       : 0;
}

/* Where Wine's server may have its directory, by two names, and nothing else in /tmp. */
static int server_dir(void)
{
	char path[64], name[64];
	struct stat one, other;

	fmt(path, sizeof(path), "/tmp/.wine-%u", (unsigned)geteuid());
	fmt(name, sizeof(name), "%s/server", path);
	if (mkdir(name, 0700) < 0 || rmdir(at("prefix/tmp/server")) < 0)
		return 100;
	fmt(name, sizeof(name), "/tmp/../../..%s/tmp", at("prefix"));
	if (stat(path, &one) < 0 || stat(name, &other) < 0 || one.st_ino != other.st_ino)
		return 101;
	return mkdir("/tmp/new", 0700) == 0 ? 102 : 0;
}

static int view(void)
{
	struct rlimit processes;
	struct stat st;

	if (try_connect(at("run/socket")) == 0)
		return 60;
	if (chmod(at("secret"), 0644) == 0 || stat(at("secret"), &st) == 0)
		return 61;
	if (access("/home", F_OK) == 0 || access("/run", F_OK) == 0)
		return 62;
	if (access("/dev/pts/0", F_OK) == 0 && access("/dev/pts/1", F_OK) == 0)
		return 63; /* what the test's own terminal left is one at most */
	if (geteuid() != 0 &&
	    (getrlimit(RLIMIT_NPROC, &processes) < 0 || processes.rlim_max != WALL_PROCESSES))
		return 66;
	if (mkdir("/new", 0700) == 0 || chmod(at("e/own"), 0666) == 0)
		return 64;
	return chmod(at("d/own"), 0640) < 0 ? 65 : 0;
}

static long landlock_version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static int behind(const struct wall *wall)
{
	struct wall_state stands;
	int r;

	if (wall_raise(wall, &stands) < 0)
		return 97;
	r = stands.rights < 0 ? 0 : rights(wall->socket_dir);
	if (r == 0)
		r = powers();
	if (r == 0 && stands.view == 0)
		r = view();
	if (r == 0 && stands.view == 0)
		r = server_dir();
	if (r == 0)
		r = yields();
	if (r == 0 && stands.view == 0)
		r = names(stands.rights == 0 && landlock_version() >= 6);
	if (r == 0 && wall->apart && stands.apart == 0)
		r = processes();
	if (r)
		return r;
	return stands.view < 0 ? 98 : stands.rights < 0 ? 99 : 0;
}

static int listener(void)
{
	struct sockaddr_un here = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	fmt(here.sun_path, sizeof(here.sun_path), "%s", at("run/socket"));
	unlink(here.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static int abstract_listener(void)
{
	struct sockaddr_un here = { .sun_family = AF_UNIX };
	size_t len = offsetof(struct sockaddr_un, sun_path) + 1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	len += fmt(here.sun_path + 1, sizeof(here.sun_path) - 1, "%s", scratch);
	assert_int_equal(bind(fd, (struct sockaddr *)&here, (socklen_t)len), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static void host_begin(uid_t uid)
{
	host.memory = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0666);
	host.abstract = abstract_listener();
	host.pid = fork();
	if (host.pid == 0) {
		if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(1);
		prctl(PR_SET_DUMPABLE, 1);
		for (;;)
			pause();
	}
}

static void host_end(void)
{
	kill(host.pid, SIGKILL);
	waitpid(host.pid, NULL, 0);
	shmctl(host.memory, IPC_RMID, NULL);
	close(host.abstract);
}

/* In the process that the wall is around; `apart`: at its first fork of two. */
static _Noreturn void enclosed(struct wall *wall, uid_t uid)
{
	int fds[] = { -1, STDOUT_FILENO, STDERR_FILENO };
	const struct child_setup setup = { .fds = fds, .fd_count = array_len(fds) };
	pid_t pid = 0;
	int status;

	if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		_exit(96);
	prctl(PR_SET_DUMPABLE, 1); /* which changing the user took away */
	if (wall->apart)
		pid = apart_fork(&setup);
	if (pid > 0 && (status = child_wait(pid, 10000)) >= 0)
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 95);
	if (pid != 0)
		_exit(98);
	wall->socket_dir = open(at("run"), O_PATH | O_CLOEXEC);
	_exit(behind(wall));
}

/* What a process of that user finds behind the wall. */
static void wall_holds(uid_t uid, bool apart)
{
	struct wine wine = { .lock = -1 };
	struct drives drives = { 0 };
	struct wall wall = { .wine = &wine, .drives = &drives, .socket_dir = -1, .apart = apart };
	int status, fd = listener();
	pid_t pid;

	fmt(wine.loader, sizeof(wine.loader), "%s", at("bin/wine/wine64"));
	fmt(wine.server, sizeof(wine.server), "%s", at("bin/wine/wineserver"));
	fmt(wine.helper, sizeof(wine.helper), "%s", at("bin/wine/helper"));
	fmt(wine.prefix, sizeof(wine.prefix), "%s", at("prefix"));
	drives_add(&drives, 'D', at("d"));
	drives_add(&drives, 'E', at("e"));
	drives.at[1].read_only = true;
	file_create(at("run/file"), "x", 0600);
	assert_int_equal(chown(at("run"), uid, uid), 0);
	host_begin(uid);
	pid = fork();
	if (pid == 0)
		enclosed(&wall, uid);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	host_end();
	close(fd);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 98 || WEXITSTATUS(status) == 99)
		skip(); /* this kernel has one half of it only */
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_wall(void **state)
{
	(void)state;
	wall_holds(geteuid(), false);
	wall_holds(geteuid(), true);
}

/* Who has to make a user namespace first. */
static void test_wall_of_a_user(void **state)
{
	enum { SOMEBODY = 54321 };

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < array_len(owned); i++)
		assert_int_equal(lchown(at(owned[i]), SOMEBODY, SOMEBODY), 0);
	wall_holds(SOMEBODY, false);
	unlink(at("d/new"));
	unlink(at("prefix/new"));
	wall_holds(SOMEBODY, true);
}

static const struct {
	struct wall_state state;
	bool keeps, boxed;
	const char *said; /* of the line */
} gaps[] = {
	{ { .view = 0, .rights = 0, .apart = 0 }, true, true, "" },
	{ { .view = 0, .rights = -EOPNOTSUPP, .apart = 0 },
	  true,
	  true,
	  "start Linux programs that lie on their drives:" },
	{ { .view = 0, .rights = -EOPNOTSUPP, .apart = -EPERM },
	  true,
	  true,
	  "drives, and end and trace this user's" },
	{ { .view = -EPERM, .rights = 0, .apart = -EPERM },
	  true,
	  false,
	  "connect to every socket" },
	{ { .view = 0, .rights = 0, .apart = -EPERM },
	  true,
	  true,
	  "slow down this user's other processes" },
	{ { .view = -EUSERS, .rights = -EOPNOTSUPP, .apart = -EPERM },
	  false,
	  false,
	  "open and run whatever" },
};

static void test_gaps(void **state)
{
	char line[WALL_GAP_MAX];

	(void)state;
	for (size_t i = 0; i < array_len(gaps); i++) {
		size_t len = wall_gap(&gaps[i].state, line, sizeof(line));

		assert_int_equal(len, strlen(line));
		assert_true(len < sizeof(line) && !*line == !*gaps[i].said);
		assert_non_null(strstr(line, gaps[i].said));
		assert_int_equal(wall_keeps(&gaps[i].state), gaps[i].keeps);
		assert_int_equal(wall_is_sandbox(&gaps[i].state), gaps[i].boxed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wall),
		cmocka_unit_test(test_wall_of_a_user),
		cmocka_unit_test(test_gaps),
	};

	return cmocka_run_group_tests_name("wall", tests, setup, scratch_remove);
}
