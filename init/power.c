/* power.c: the end of a run. */
#include "init/power.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init/distro.h"
#include "init/letters.h"
#include "init/linkdrive.h"
#include "init/modprobe.h"
#include "init/mounted.h"
#include "init/spawn.h"
#include "init/systemd.h"
#include "lib/dirs.h"
#include "lib/fd.h"
#include "lib/lib.h"
#include "lib/loop.h"

enum { TERM_WAIT_MS = 5000, KILL_WAIT_MS = 2000, WORKER_MS = 5000 };

/* Until nobody is left, or for `ms` at most. True: nobody is left. */
static bool children_wait(int64_t ms)
{
	int64_t end = loop_now() + ms;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		int64_t left = end - loop_now();
		struct timespec t = { left / 1000, left % 1000 * 1000000 };
		pid_t got;

		while ((got = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (got < 0)
			return true;
		if (left <= 0)
			return false;
		sigtimedwait(&child, NULL, &t);
	}
}

struct others {
	struct dir_walk walk; /* of /proc */
	bool found;
};

/* Kernel threads and the dead have no command line. */
static bool other_find(struct dir_walk *walk, int proc, const char *name)
{
	struct others *o = container_of(walk, struct others, walk);
	char path[32], first;
	int fd;

	if (*name < '0' || *name > '9' || strcmp(name, "1") == 0 ||
	    process_is_ours(proc, name, "landbridge-broker") ||
	    process_is_ours(proc, name, "landbridge-drive"))
		return true;
	fmt(path, sizeof(path), "%s/cmdline", name);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	o->found = fd >= 0 && read(fd, &first, 1) == 1;
	fd_close(&fd);
	return !o->found;
}

/* Until only those are left who carry the drives, which do not obey TERM: what ends
 * may still write there. Not all are our children, so nobody tells us. */
static void others_wait(int64_t ms)
{
	const struct timespec slice = { .tv_nsec = 20 * 1000000 };
	int64_t end = loop_now() + ms;
	struct others o;

	do {
		o = (struct others){ .walk = { other_find } };
		if (children_wait(0) || (dir_each_path("/proc", &o.walk) == 0 && !o.found))
			return;
		nanosleep(&slice, NULL);
	} while (loop_now() < end);
}

static void processes_end(void)
{
	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
	if (CFG_P9FS)
		others_wait(TERM_WAIT_MS);
	else if (children_wait(TERM_WAIT_MS))
		return;
	kill(-1, SIGKILL);
	children_wait(KILL_WAIT_MS);
}

/* kB that wait to be written, by /proc/meminfo; 0 where nobody can tell. */
static unsigned long unwritten(void)
{
	static const char *const names[] = { "\nDirty:", "\nWriteback:" };
	char text[4096];
	unsigned long sum = 0;

	if (file_read("/proc/meminfo", text, sizeof(text)) < 0)
		return 0;
	for (size_t i = 0; i < array_len(names); i++) {
		const char *at = strstr(text, names[i]);

		sum += at ? strtoul(at + strlen(names[i]), NULL, 10) : 0;
	}
	return sum;
}

/* Waits for a child that may hang: gives it up when it takes longer than its
 * time and what waits to be written does not become less meanwhile. */
static void worker_wait(pid_t pid)
{
	unsigned long before, now = unwritten();

	do {
		before = now;
		if (pid < 0 || spawn_wait(pid, WORKER_MS) != -ETIMEDOUT)
			return;
		now = unwritten();
	} while (now < before);
	kill(pid, SIGKILL);
}

/* What can hang, on a dead server or a broken disk, is done by children. */
static void disks_write(void)
{
	pid_t pid = spawn_fork();

	if (pid == 0) {
		sync();
		_exit(0);
	}
	worker_wait(pid);
}

static void filesystems_leave(struct distro *d)
{
	struct unmounting *u = unmounting_start();
	uint32_t made = drives_made();
	pid_t pid;

	/* Each round a child, without what the last one hung at. */
	do {
		pid = spawn_fork();
		if (pid == 0) {
			unmount_all(u);
			drives_remove(&d->settings, made);
			if (CFG_MODPROBE)
				modprobe_leave(d);
			unmount_root(u);
			_exit(0);
		}
		worker_wait(pid);
	} while (unmounting_hung(u));
}

_Noreturn void power_down(struct distro *d, enum power how)
{
	struct boot *b = d->boot;

	b->step = "power";
	boot_note(b, "%s", how == POWER_OFF ? "powering off" : "restarting");
	if (CFG_SYSTEMD)
		systemd_stop(d);
	processes_end();
	covers_remove(&d->covers);
	if (b->form == BOOT_CONTAINER)
		_exit(b->exit_status); /* its mounts go with it, and its disks are others' */
	disks_write();
	filesystems_leave(d);
	reboot(how == POWER_OFF ? RB_POWER_OFF : RB_AUTOBOOT);
	log_err(&b->log, "power: unable to switch off: %s; halted", strerror(errno));
	for (;;)
		pause();
}
