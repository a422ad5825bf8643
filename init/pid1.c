/* pid1.c: PID 1: boots, then reaps and waits for ever. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/distro.h"
#include "init/init.h"
#include "init/machine.h"
#include "init/power.h"
#include "lib/lib.h"

/* What systemd's and other tools' requests arrive as: 37 to 39 are SIGRTMIN+3
 * to +5 as glibc counts; musl's own SIGRTMIN is another number. */
static const struct {
	int signal;
	enum power how;
} requests[] = {
	{ 37, POWER_OFF },      { 38, POWER_OFF },        { 39, POWER_REBOOT },
	{ SIGTERM, POWER_OFF }, { SIGUSR1, POWER_OFF },   { SIGUSR2, POWER_OFF },
	{ SIGPWR, POWER_OFF },  { SIGINT, POWER_REBOOT },
};

/* The switch for Ctrl-Alt-Del (which then is a SIGINT to us) is refused in any
 * pid namespace but the first. /proc, which could tell too, may not be there. */
static enum boot_form form_find(void)
{
	if (reboot(RB_DISABLE_CAD) < 0)
		return BOOT_CONTAINER;
	return access("/etc/initrd-release", F_OK) == 0 ? BOOT_INITRAMFS : BOOT_IMAGE;
}

/* The kernel may have had no console to give: nothing that is opened later may
 * become descriptor 0, 1 or 2 by chance. */
static void stdio_fill(void)
{
	int fd;

	do
		fd = open("/", O_PATH);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static void reap(struct machine *m)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		daemons_reap(&m->daemons, pid);
}

static void signal_obey(struct distro *d, int signal)
{
	struct machine *m = d->machine;

	if (signal == SIGCHLD) {
		reap(m); /* by far the most: it touches no more memory than it must */
		return;
	}
	if (signal == SIGIO)
		daemons_called(&m->daemons);
	if (signal == SIGALRM)
		daemons_again(&m->daemons);
	for (size_t i = 0; i < array_len(requests); i++)
		if (requests[i].signal == signal)
			power_down(d, requests[i].how);
}

/* Gives back what only the boot needed: the pages of the program (they come
 * again from its file when called) and the stack below the caller's frame,
 * which is why this must have a frame of its own. */
__attribute__((noinline)) static void memory_release(void)
{
	extern const char __executable_start[], etext[];
	const uintptr_t page = 4096, stack = 512 * 1024;
	uintptr_t start = (uintptr_t)__executable_start & -page;
	char here;
	uintptr_t below = ((uintptr_t)&here & -page) - page;

	madvise((void *)start, (uintptr_t)etext - start, MADV_DONTNEED);
	madvise((void *)(below - stack), stack, MADV_DONTNEED);
}

static const struct log stderr_log = { .fd = 2, .who = "init", .max = LOG_LEVEL_NOTE };

int init_main(int argc, char **argv)
{
	struct settings_text text; /* large, and used as far as the files are long */
	struct boot b = {
		.form = form_find(), .log = stderr_log, .person = stderr_log, .console = -1
	};
	struct machine m = {
		.boot = &b,
		.text = &text,
		.modules = { .dir = -1 },
		.daemons = { .log = &b.log },
		.starting = -1,
	};
	struct distro d = {
		.boot = &b, .machine = &m, .roots = { .uevents = -1 }, .initramfs = -1
	};
	sigset_t all;

	(void)argc; /* words of the kernel's command line that it did not know */
	(void)argv;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	stdio_fill();
	umask(0);
	settings_init(&m.settings);
	settings_init(&d.settings);
	boot_run(&m, &d);
	/* From here on: one blocking call, no heap, no way out. */
	reap(&m);
	memory_release();
	for (;;) {
		int signal = sigwaitinfo(&all, NULL);

		if (signal > 0)
			signal_obey(&d, signal);
	}
}
