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
#include "init/keep.h"
#include "init/machine.h"
#include "init/newroot.h"
#include "init/power.h"
#include "init/systemd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/signals.h"

/* As systemd(1) has them: 37 to 39 are SIGRTMIN+3 to +5 as glibc counts; musl's
 * own SIGRTMIN is another number. As busybox: USR2 and, see is_busybox, USR1 and
 * TERM. PWR: a battery is empty. INT: Ctrl-Alt-Del. */
static const struct {
	int signal;
	enum power how, busybox; /* in an image whose halt(8) is busybox's */
} requests[] = {
	{ 37, POWER_OFF, POWER_OFF },         { SIGNAL_POWER_OFF, POWER_OFF, POWER_OFF },
	{ 39, POWER_REBOOT, POWER_REBOOT },   { SIGINT, POWER_REBOOT, POWER_REBOOT },
	{ SIGTERM, POWER_OFF, POWER_REBOOT }, { SIGUSR1, POWER_NOTHING, POWER_OFF },
	{ SIGUSR2, POWER_OFF, POWER_OFF },    { SIGPWR, POWER_OFF, POWER_OFF },
};

/* Whether the image's halt(8) is busybox's, which asks PID 1 by USR1, as its
 * reboot does by TERM. To all others USR1 means to open something again
 * (sysvinit its fifo, systemd the bus), and TERM to end. */
static bool is_busybox(const char *root)
{
	static const char *const halts[] = { "/sbin/halt", "/usr/sbin/halt", "/bin/halt" };
	struct stat box, halt;
	char path[64];

	fmt(path, sizeof(path), "%s/bin/busybox", root);
	if (stat(path, &box) < 0)
		return false;
	for (size_t i = 0; i < array_len(halts); i++) {
		fmt(path, sizeof(path), "%s%s", root, halts[i]);
		if (stat(path, &halt) == 0)
			return halt.st_dev == box.st_dev && halt.st_ino == box.st_ino;
	}
	return true;
}

static enum power power_wanted(int signal)
{
	for (size_t i = 0; i < array_len(requests); i++) {
		bool told = requests[i].how != requests[i].busybox;

		if (requests[i].signal == signal)
			return told && (is_busybox("") || is_busybox(NEWROOT)) ? requests[i].busybox
									       : requests[i].how;
	}
	return POWER_NOTHING;
}

/* For as long as the boot and its emergency shell last: signals reach a step
 * that hangs by interrupting it. Afterwards they wait for sigwaitinfo(2). */
static struct distro *booting;

static void boot_interrupted(int signal)
{
	enum power how;

	if (getpid() != 1) /* a child of a step, which has not exec'ed */
		_exit(128 + signal);
	how = power_wanted(signal);
	if (how != POWER_NOTHING)
		power_down(booting, how);
}

static void boot_interruptible(struct distro *d)
{
	struct sigaction obey = { .sa_handler = boot_interrupted };
	sigset_t asked;

	booting = d;
	sigfillset(&obey.sa_mask);
	sigemptyset(&asked);
	for (size_t i = 0; i < array_len(requests); i++) {
		sigaction(requests[i].signal, &obey, NULL);
		sigaddset(&asked, requests[i].signal);
	}
	sigprocmask(SIG_UNBLOCK, &asked, NULL);
}

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

static enum power reap(struct distro *d)
{
	enum power how = POWER_NOTHING;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		daemons_reap(&d->machine->daemons, pid);
		if (CFG_SYSTEMD && pid == d->systemd)
			how = systemd_ended(d, status);
	}
	return how;
}

static void signal_obey(struct distro *d, int signal)
{
	struct machine *m = d->machine;
	enum power how;

	/* SIGCHLD, by far the most, touches no more memory than it must */
	how = signal == SIGCHLD ? reap(d) : power_wanted(signal);
	if (signal == SIGIO) {
		daemons_called(&m->daemons);
		keep_restore(d);
		how = CFG_BUTTON && buttons_pressed(&m->buttons) ? POWER_OFF : POWER_NOTHING;
	}
	if (signal == SIGALRM)
		daemons_again(&m->daemons);
	if (how != POWER_NOTHING)
		power_down(d, how);
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

int init_main(int argc, char **argv)
{
	struct settings_text text; /* large, and used as far as the files are long */
	struct log log = { .fd = 2, .polls = true, .who = "landbridge", .max = LOG_LEVEL_NOTE };
	struct boot b = { .form = form_find(), .log = log, .console = -1 };
	struct machine m = {
		.boot = &b,
		.text = &text,
		.modules = { .dir = -1 },
		.buttons = { .count = 0 },
		.daemons = { .log = &b.log },
		.starting = -1,
	};
	struct distro d = {
		.boot = &b, .machine = &m, .roots = { .uevents = -1 }, .initramfs = -1, .kept = -1
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
	boot_interruptible(&d);
	boot_run(&m, &d);
	sigprocmask(SIG_SETMASK, &all, NULL);
	/* From here on: one blocking call, no heap, no way out. */
	signal_obey(&d, SIGCHLD);
	memory_release();
	for (;;) {
		int signal = sigwaitinfo(&all, NULL);

		if (signal > 0)
			signal_obey(&d, signal);
	}
}
