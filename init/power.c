/* power.c: the end of a run. */
#include "init/power.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init/distro.h"
#include "init/drives.h"
#include "init/mounts.h"
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

_Noreturn void power_down(struct distro *d, enum power how)
{
	struct boot *b = d->boot;

	b->step = "power";
	boot_note(b, "%s", how == POWER_OFF ? "powering off" : "restarting");
	processes_end();
	sync();
	covers_remove(&d->covers);
	if (b->form == BOOT_CONTAINER)
		_exit(b->exit_status); /* its mounts go with it */
	unmount_all();
	drives_remove(d);
	mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	sync();
	reboot(how == POWER_OFF ? RB_POWER_OFF : RB_AUTOBOOT);
	log_err(&b->log, "power: unable to switch off: %s; halted", strerror(errno));
	for (;;)
		pause();
}
