/* systemd.c: the image's systemd, in namespaces of its own. */
#include "init/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init/command.h"
#include "init/distro.h"
#include "init/oom.h"
#include "init/spawn.h"
#include "lib/accounts.h"
#include "lib/child.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/places.h"
#include "lib/signals.h"

#define GROUPS_DIR "/sys/fs/cgroup"
#define GROUP GROUPS_DIR "/distribution"
#define SESSIONS GROUP "/landbridge" /* until logind has moved them on */
#define PID_FILE LANDBRIDGE_RUN "/systemd"

enum {
	NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP | CLONE_NEWPID,
	STARTED_MS = 5000,
	STOPPED_MS = 20 * 1000,
};

static const char *const programs[] = { "/lib/systemd/systemd", "/usr/lib/systemd/systemd" };

/* --- on its way there ---------------------------------------------------------- */

/* Its own part of the tree, with what can be limited there, as its cgroup
 * namespace begins where we are now. */
static int group_enter(void)
{
	static const char *const controllers[] = { "+cpu", "+memory", "+pids", "+io" };

	for (size_t i = 0; i < array_len(controllers); i++)
		file_write(GROUPS_DIR "/cgroup.subtree_control", controllers[i]);
	if (mkdir(GROUP, 0755) < 0 && errno != EEXIST)
		return -errno;
	return file_write(GROUP "/cgroup.procs", "0");
}

static int mounts_own(void)
{
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return -errno;
	/* The same file system cannot be mounted above itself. */
	while (umount2(GROUPS_DIR, MNT_DETACH) == 0)
		;
	return mount("cgroup2", GROUPS_DIR, "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0
		       ? -errno
		       : 0;
}

/* As PID 1 of its namespaces, where it has none to tell. What it is told here it
 * would read from the kernel's command line if it were the machine's: there is no
 * terminal for a console's login, and the devices and the handler for .exe files are
 * everybody's. */
static _Noreturn void program_exec(const char *program)
{
	static const char *const argv[] = { "systemd",
					    "systemd.mask=console-getty.service",
					    "systemd.mask=systemd-binfmt.service",
					    "systemd.mask=kmod-static-nodes.service",
					    "systemd.mask=getty@tty1.service",
					    NULL };
	char *const envp[] = { system_path, (char[]){ "container=landbridge" }, NULL };

	mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount("binfmt_misc", "/proc/sys/fs/binfmt_misc", "binfmt_misc", 0, NULL);
	file_write(OOM_SCORE_ADJ, OOM_USERS);
	execve(program, (char **)(uintptr_t)argv, envp);
	_exit(127);
}

struct systemd_start {
	struct boot *boot;
	const char *program;
};

/* In a child, which lends its namespaces to one more: that is PID 1's own. */
static int start_run(void *owner)
{
	const struct systemd_start *s = owner;
	char text[16];
	int err = group_enter();
	pid_t pid;

	if (err < 0)
		return boot_unable(s->boot, err, "make a control group for systemd");
	if (unshare(NAMESPACES) < 0)
		return boot_unable(s->boot, -errno, "make namespaces for systemd");
	err = mounts_own();
	if (err < 0)
		return boot_unable(s->boot, err, "make mounts for systemd");
	pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		program_exec(s->program);
	if (pid < 0)
		return boot_unable(s->boot, -errno, "start systemd");
	fmt(text, sizeof(text), "%d", (int)pid);
	err = file_create(PID_FILE, text, 0644);
	if (err == 0)
		return 0;
	kill(pid, SIGKILL); /* nobody would find it */
	return boot_unable(s->boot, err, "write " PID_FILE);
}

/* --- the machine's PID 1 ------------------------------------------------------- */

static pid_t systemd_pid(void)
{
	char text[16];
	uint32_t pid = 0;
	ssize_t len = file_read(PID_FILE, text, sizeof(text));

	return len > 0 && account_id(text, (size_t)len, &pid) ? (pid_t)pid : 0;
}

int step_systemd(struct distro *d)
{
	struct systemd_start s = { .boot = d->boot };
	int err;

	if (!d->settings.systemd)
		return 0;
	for (size_t i = 0; i < array_len(programs) && !s.program; i++)
		if (access(programs[i], X_OK) == 0)
			s.program = programs[i];
	if (!s.program)
		return boot_unable(d->boot, -ENOENT, "find systemd in this image");
	if (d->boot->form == BOOT_CONTAINER)
		return boot_unable(d->boot, -EOPNOTSUPP, "have systemd in a container");
	err = spawn_part(d->boot, &(struct part){ start_run, &s, STARTED_MS });
	if (err < 0)
		return err;
	d->systemd = systemd_pid();
	if (kill(d->systemd, 0) < 0) { /* reaped on the way */
		d->systemd = 0;
		unlink(PID_FILE);
		return boot_unable(d->boot, -ESRCH, "keep systemd");
	}
	return 0;
}

enum power systemd_ended(struct distro *d, int status)
{
	d->systemd = 0;
	unlink(PID_FILE);
	/* reboot(2), "Behavior inside PID namespaces" */
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
		return POWER_OFF;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP)
		return POWER_REBOOT;
	log_err(&d->boot->log,
		"systemd: it ended (%s %d): what it ran is gone, and sessions go on without it",
		WIFSIGNALED(status) ? "signal" : "status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return POWER_NOTHING;
}

void systemd_stop(struct distro *d)
{
	if (d->systemd && kill(d->systemd, SIGNAL_POWER_OFF) == 0)
		spawn_wait(d->systemd, STOPPED_MS);
}

/* --- a session ----------------------------------------------------------------- */

int systemd_left_ms(int ms)
{
	struct stat st;
	int64_t age;

	if (stat(PID_FILE, &st) < 0)
		return 0;
	age = (int64_t)(time(NULL) - st.st_mtime) * 1000;
	return age < 0 ? ms : age < ms ? (int)(ms - age) : 0;
}

void systemd_up(void)
{
	static const struct timespec long_ago[2];

	utimensat(AT_FDCWD, PID_FILE, long_ago, 0);
}

int systemd_join(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, systemd_pid(), 0), err; /* of 0 there is none */
	pid_t pid;

	if (pidfd < 0)
		return -errno;
	mkdir(SESSIONS, 0755);
	file_write(SESSIONS "/cgroup.procs", "0");
	err = setns(pidfd, NAMESPACES) < 0 ? -errno : 0;
	close(pidfd);
	if (err < 0)
		return err;
	pid = child_fork(&(struct child_setup){ 0 });
	if (pid > 0)
		_exit(0);
	return pid;
}
