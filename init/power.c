/* power.c: the end of a run. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init/boot.h"
#include "init/drives.h"
#include "lib/lib.h"
#include "lib/loop.h"

enum { TERM_WAIT_MS = 5000, KILL_WAIT_MS = 2000 };

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

static void processes_end(void)
{
	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
	if (children_wait(TERM_WAIT_MS))
		return;
	kill(-1, SIGKILL);
	children_wait(KILL_WAIT_MS);
}

static bool stays(const char *point)
{
	static const char *const points[] = { "/", "/proc", "/sys", "/dev" };

	for (size_t i = 0; i < array_len(points); i++)
		if (strcmp(point, points[i]) == 0)
			return true;
	return false;
}

/* Everything but the root, latest first; what is busy is at least read-only. */
static void filesystems_unmount(void)
{
	struct mount_table t;

	if (mount_table_read(&t) < 0 && t.mounts.count == 0)
		return;
	for (size_t i = t.mounts.count; i-- > 0;) {
		const char *point = t.mounts.at[i].point;

		if (stays(point))
			continue;
		if (umount2(point, UMOUNT_NOFOLLOW) < 0 && errno == EBUSY)
			mount(NULL, point, NULL, MS_REMOUNT | MS_RDONLY, NULL);
	}
}

_Noreturn void power_down(struct boot *b, enum power how)
{
	b->step = "power";
	boot_note(b, "%s", how == POWER_OFF ? "powering off" : "restarting");
	processes_end();
	sync();
	covers_remove(&b->covers);
	if (b->form == BOOT_CONTAINER)
		_exit(b->exit_status); /* its mounts go with it */
	filesystems_unmount();
	mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	sync();
	reboot(how == POWER_OFF ? RB_POWER_OFF : RB_AUTOBOOT);
	log_err(&b->log, "power: unable to switch off: %s; halted", strerror(errno));
	for (;;)
		pause();
}
