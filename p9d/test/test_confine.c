/* test_confine.c: what each process of the server cannot do any more: system
 * calls, capabilities, groups. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/confine.h"
#include "p9d/test/server.h"

/* ---- system calls ---- */

enum {
	SERVER = CONFINE_SERVER,
	SWITCH = CONFINE_SWITCH,
	DRIVE = CONFINE_DRIVE,
	BROKER = CONFINE_DISPATCHER,
	FILES = SERVER | SWITCH | DRIVE,
};
#define NOBODY 0
#define X32 0x40000000

/* Arguments are such that nothing comes of the call where it is allowed. */
static const struct {
	const char *name;
	long nr;
	unsigned allowed; /* roles */
	bool acts;        /* not to be tried without a filter */
	long arg[3];
} probes[] = {
	{ "socket", SYS_socket, NOBODY, false, { -1, -1, -1 } },
	{ "connect", SYS_connect, NOBODY, false, { -1, 0, 0 } },
	{ "bind", SYS_bind, NOBODY, false, { -1, 0, 0 } },
	{ "listen", SYS_listen, NOBODY, false, { -1, 0, 0 } },
	{ "execve", SYS_execve, NOBODY, false, { 0, 0, 0 } },
	{ "execveat", SYS_execveat, NOBODY, false, { -1, 0, 0 } },
	{ "ptrace", SYS_ptrace, NOBODY, false, { -1, -1, 0 } },
	{ "process_vm_readv", SYS_process_vm_readv, NOBODY, false, { -1, 0, 0 } },
	{ "process_vm_writev", SYS_process_vm_writev, NOBODY, false, { -1, 0, 0 } },
	{ "mount", SYS_mount, NOBODY, false, { 0, 0, 0 } },
	{ "umount2", SYS_umount2, NOBODY, false, { 0, 0, 0 } },
	{ "move_mount", SYS_move_mount, NOBODY, false, { -1, 0, -1 } },
	{ "open_tree", SYS_open_tree, NOBODY, false, { -1, 0, 0 } },
	{ "pivot_root", SYS_pivot_root, NOBODY, false, { 0, 0, 0 } },
	{ "chroot", SYS_chroot, NOBODY, false, { 0, 0, 0 } },
	{ "chdir", SYS_chdir, NOBODY, false, { 0, 0, 0 } },
	{ "fchdir", SYS_fchdir, NOBODY, false, { -1, 0, 0 } },
	{ "setns", SYS_setns, NOBODY, false, { -1, 0, 0 } },
	{ "unshare", SYS_unshare, NOBODY, false, { -1, 0, 0 } },
	{ "bpf", SYS_bpf, NOBODY, false, { -1, 0, 0 } },
	{ "io_uring_setup", SYS_io_uring_setup, NOBODY, false, { 0, 0, 0 } },
	{ "io_uring_enter", SYS_io_uring_enter, NOBODY, false, { -1, 0, 0 } },
	{ "keyctl", SYS_keyctl, NOBODY, false, { -1, 0, 0 } },
	{ "add_key", SYS_add_key, NOBODY, false, { 0, 0, 0 } },
	{ "open_by_handle_at", SYS_open_by_handle_at, NOBODY, false, { -1, 0, 0 } },
	{ "name_to_handle_at", SYS_name_to_handle_at, NOBODY, false, { -1, 0, 0 } },
	{ "perf_event_open", SYS_perf_event_open, NOBODY, false, { 0, -1, -1 } },
	{ "userfaultfd", SYS_userfaultfd, NOBODY, false, { -1, 0, 0 } },
	{ "memfd_create", SYS_memfd_create, NOBODY, false, { 0, 0, 0 } },
	{ "fanotify_init", SYS_fanotify_init, NOBODY, false, { -1, -1, 0 } },
	{ "init_module", SYS_init_module, NOBODY, false, { 0, 0, 0 } },
	{ "finit_module", SYS_finit_module, NOBODY, false, { -1, 0, 0 } },
	{ "kexec_load", SYS_kexec_load, NOBODY, false, { 0, 0, 0 } },
	{ "reboot", SYS_reboot, NOBODY, false, { 0, 0, 0 } },
	{ "swapon", SYS_swapon, NOBODY, false, { 0, 0, 0 } },
	{ "sethostname", SYS_sethostname, NOBODY, false, { 0, -1, 0 } },
	{ "settimeofday", SYS_settimeofday, NOBODY, false, { 1, 1, 0 } },
	{ "ioctl", SYS_ioctl, NOBODY, false, { -1, 0, 0 } },
	{ "setuid", SYS_setuid, NOBODY, true, { -1, 0, 0 } },
	{ "setgid", SYS_setgid, NOBODY, true, { -1, 0, 0 } },
	{ "setreuid", SYS_setreuid, NOBODY, true, { -1, -1, 0 } },
	{ "setfsuid", SYS_setfsuid, NOBODY, true, { -1, 0, 0 } },
	{ "setresuid", SYS_setresuid, SWITCH | BROKER, false, { -1, -1, -1 } },
	{ "setresgid", SYS_setresgid, SWITCH | BROKER, false, { -1, -1, -1 } },
	{ "setgroups", SYS_setgroups, SWITCH | BROKER, false, { -1, 0, 0 } },
	{ "capset", SYS_capset, BROKER, false, { 0, 0, 0 } },
	{ "prctl", SYS_prctl, BROKER, false, { -1, 0, 0 } },
	{ "seccomp", SYS_seccomp, BROKER, false, { -1, 0, 0 } },
	{ "kill", SYS_kill, BROKER, false, { 1 << 30, 0, 0 } },
	{ "accept4", SYS_accept4, BROKER, false, { -1, 0, 0 } },
	{ "socketpair", SYS_socketpair, BROKER, false, { -1, 0, 0 } },
	{ "prlimit64", SYS_prlimit64, BROKER, false, { 0, -1, 0 } },
	{ "umask", SYS_umask, BROKER, true, { 022, 0, 0 } },
	{ "clone3", SYS_clone3, NOBODY, false, { 0, 0, 0 } },
	{ "x32 getpid", X32 | 39, NOBODY, false, { 0, 0, 0 } },
	{ "x32 openat", X32 | 257, NOBODY, false, { -1, 0, 0 } },
	{ "no such call", 9999, NOBODY, true, { 0, 0, 0 } },
	{ "negative", -1, NOBODY, true, { 0, 0, 0 } },
	{ "getpid", SYS_getpid, FILES | BROKER, false, { 0, 0, 0 } },
	{ "openat", SYS_openat, FILES | BROKER, false, { -1, 0, 0 } },
	{ "openat2", SYS_openat2, FILES, false, { -1, 0, 0 } },
	{ "pwrite64", SYS_pwrite64, FILES, false, { -1, 0, 0 } },
	{ "linkat", SYS_linkat, FILES, false, { -1, 0, -1 } },
	{ "mknodat", SYS_mknodat, FILES, false, { -1, 0, 0 } },
	{ "fchownat", SYS_fchownat, FILES, false, { -1, 0, -1 } },
	{ "flock", SYS_flock, FILES, false, { -1, 0, 0 } },
	{ "splice", SYS_splice, FILES, false, { -1, 0, -1 } },
};

static int try_probe(size_t i)
{
	const long *arg = probes[i].arg;

	errno = 0;
	return syscall(probes[i].nr, arg[0], arg[1], arg[2], 0, 0, 0) < 0 ? errno : 0;
}

/* Runs in a process of its own; what it says is the test's. */
static unsigned check_probes(unsigned role, const bool known[array_len(probes)])
{
	unsigned bad = 0;

	for (size_t i = 0; i < array_len(probes); i++) {
		/* All of the dispatcher's children inherit its filter, which allows theirs. */
		bool may = probes[i].allowed & role || (role == BROKER && probes[i].allowed);
		int err = try_probe(i);

		if ((err == ENOSYS) != may || (may && !known[i]))
			continue;
		print_error("role %u: %s: %s\n", role, probes[i].name, strerror(err));
		bad++;
	}
	return bad;
}

static void *add_one(void *arg)
{
	++*(int *)arg;
	return NULL;
}

static unsigned fails(const char *what, bool good)
{
	if (!good)
		print_error("%s\n", what);
	return !good;
}

/* What depends on the arguments: memory that can be executed, processes. */
static unsigned check_arguments(unsigned role)
{
	pthread_t thread;
	unsigned bad = 0;
	int ran = 0, pipes[2] = { -1, -1 };
	long pid;
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	bad += fails("no memory", page != MAP_FAILED);
	bad += fails("mprotect", mprotect(page, 4096, PROT_READ) == 0);
	bad += fails("mprotect to execute",
		     mprotect(page, 4096, PROT_READ | PROT_EXEC) < 0 && errno == ENOSYS);
	page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bad += fails("mmap to execute", page == MAP_FAILED && errno == ENOSYS);
	bad += fails("a thread", pthread_create(&thread, NULL, add_one, &ran) == 0 &&
					 pthread_join(thread, NULL) == 0 && ran == 1);
	bad += fails("a pipe", syscall(SYS_pipe2, pipes, O_CLOEXEC) == 0);
	pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	bad += fails("a process", role == BROKER ? pid > 0 : pid < 0 && errno == ENOSYS);
	return bad;
}

static void confined(unsigned role)
{
	bool known[array_len(probes)];
	int status;
	pid_t pid;

	for (size_t i = 0; i < array_len(probes); i++)
		known[i] = probes[i].acts || try_probe(i) != ENOSYS;
	pid = fork();
	if (pid == 0) {
		int err = confine((enum confine_role)role);

		if (err)
			_exit(100);
		_exit(check_probes(role, known) + check_arguments(role) ? 1 : 0);
	}
	want(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("role %u: wait status 0x%x", role, status);
}

static void test_calls_of_a_server(void **state)
{
	(void)state;
	confined(SERVER);
}

static void test_calls_of_a_switch(void **state)
{
	(void)state;
	confined(SWITCH);
}

static void test_calls_of_a_drive(void **state)
{
	(void)state;
	confined(DRIVE);
}

static void test_calls_of_the_dispatcher(void **state)
{
	(void)state;
	confined(BROKER);
}

/* ---- capabilities and groups, in /proc/PID/status ---- */

/* The line of this name without it; "" when there is none. */
static void status_of(pid_t pid, const char *name, char value[256])
{
	char path[40], text[8192], *line;

	*value = '\0';
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	assert_true(file_read(path, text, sizeof(text)) > 0);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			snprintf(value, 256, "%s", line + strlen(name) + 2);
}

static void want_status(pid_t pid, const char *name, const char *value)
{
	char got[256];

	status_of(pid, name, got);
	if (strcmp(got, value) != 0)
		fail_msg("process %d, %s: '%s', want '%s'", pid, name, got, value);
}

/* None, or these where the test itself has them. */
static void want_caps(pid_t pid, uint64_t caps)
{
	char mine[256], value[32];

	status_of(getpid(), "CapPrm", mine);
	snprintf(value, sizeof(value), "%016llx",
		 (unsigned long long)(caps & strtoull(mine, NULL, 16)));
	want_status(pid, "CapPrm", value);
	want_status(pid, "CapEff", value);
	want_status(pid, "CapInh", "0000000000000000");
	want_status(pid, "CapAmb", "0000000000000000");
	want_status(pid, "NoNewPrivs", "1");
	want_status(pid, "Seccomp", "2");
}

/* The newest process of the server. */
static pid_t newest_child(pid_t server)
{
	char path[64], text[1024], *last;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", server, server);
	assert_true(file_read(path, text, sizeof(text)) > 0);
	text[strlen(text) - 1] = '\0';
	last = strrchr(text, ' ');
	return atoi(last ? last + 1 : text);
}

#define CAP(name) (1ull << (CAP_##name))
#define FILES_CAPS                                                                           \
	(CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) | CAP(FOWNER) | CAP(FSETID) | \
	 CAP(MKNOD) | CAP(SETFCAP))

static void test_power_of_each(void **state)
{
	struct server *f = *state;
	struct client user, root, any;
	pid_t pid;

	connect_in(f, &user, "9P2000.W", ALICE);
	pid = newest_child(f->server);
	want_status(pid, "Uid", "54321\t54321\t54321\t54321");
	want_status(pid, "Gid", "54321\t54321\t54321\t54321");
	want_status(pid, "Groups", " ");
	want_caps(pid, 0);
	connect_in(f, &root, "9P2000.W", 0);
	pid = newest_child(f->server);
	want_status(pid, "Uid", "0\t0\t0\t0");
	want_caps(pid, FILES_CAPS);
	connect_as(f, &any, P9_NOUID);
	pid = newest_child(f->server);
	want_status(pid, "Uid", "0\t0\t0\t0");
	want_caps(pid, FILES_CAPS | CAP(SETUID) | CAP(SETGID));
	want_caps(f->server, FILES_CAPS | CAP(SETUID) | CAP(SETGID) | CAP(KILL));
	client_close(&user);
	client_close(&root);
	client_close(&any);
}

/* Accounts of our own, where nobody else sees them. */
static bool own_accounts(const char *dir)
{
	static const char *const texts[][2] = {
		{ "/etc/passwd", "root:x:0:0::/:/bin/sh\nalice:x:54321:54321::/:/bin/sh\n"
				 "bob:x:54322:54322::/:/bin/sh\n" },
		{ "/etc/group", "root:x:0:\nalice:x:54321:\nferry:x:60001:bob,alice\n"
				"pilots:x:60002:alice\nothers:x:60003:bob\n" },
	};

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	for (size_t i = 0; i < array_len(texts); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/accounts", dir);
		want(file_create(path, texts[i][1], 0644), 0);
		if (mount(path, texts[i][0], NULL, MS_BIND, NULL) < 0)
			return false;
		want(unlink(path), 0);
	}
	return true;
}

/* The supplementary groups are the user's: all of them, and none of ours. */
static void test_groups(void **state)
{
	static const gid_t ours[] = { 0, 60003, 60009 };
	struct server f = *(struct server *)*state;
	struct client c;
	pid_t pid;

	if (!own_accounts(f.dir)) {
		print_message("skipped: no mount namespace of our own\n");
		skip();
	}
	assert_int_equal(syscall(SYS_setgroups, array_len(ours), ours), 0);
	snprintf(f.socket, sizeof(f.socket), "%s.groups.sock", f.dir);
	server_start(&f, f.dir, NULL);
	connect_in(&f, &c, "9P2000.W", ALICE);
	pid = newest_child(f.server);
	want_status(pid, "Uid", "54321\t54321\t54321\t54321");
	want_status(pid, "Groups", "60001 60002 ");
	client_close(&c);
	connect_in(&f, &c, "9P2000.W", BOB);
	pid = newest_child(f.server);
	want_status(pid, "Groups", "60001 60003 ");
	client_close(&c);
	connect_in(&f, &c, "9P2000.W", 4242); /* without an account */
	pid = newest_child(f.server);
	want_status(pid, "Gid", "4242\t4242\t4242\t4242");
	want_status(pid, "Groups", " ");
	client_close(&c);
	kill(f.server, SIGTERM);
	waitpid(f.server, NULL, 0);
	close(f.inherited);
	unlink(f.socket);
}

int main(void)
{
	const struct CMUnitTest calls[] = {
		cmocka_unit_test(test_calls_of_a_server),
		cmocka_unit_test(test_calls_of_a_switch),
		cmocka_unit_test(test_calls_of_a_drive),
		cmocka_unit_test(test_calls_of_the_dispatcher),
	};
	const struct CMUnitTest powers[] = {
		server_test(test_power_of_each),
		server_test(test_groups),
	};
	int failed = cmocka_run_group_tests(calls, NULL, NULL);

	if (geteuid() != 0) {
		puts("test_confine: skipped: only root has powers to give up");
		return failed;
	}
	return failed + cmocka_run_group_tests(powers, NULL, NULL);
}
