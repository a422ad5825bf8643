/* early.c: console and settings. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "init/boot.h"
#include "lib/fd.h"
#include "lib/lib.h"

/* What is mounted from here on must not reach whoever started us. */
int step_namespace(struct boot *b)
{
	if (unshare(CLONE_NEWNS) < 0)
		return boot_unable(b, -errno, "make a mount namespace");
	/* EINVAL: a chroot, whose / is no mount; whoever made it did this. */
	if (mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0 && errno != EINVAL)
		return boot_unable(b, -errno, "make the mounts private");
	return 0;
}

/* 0 from nowhere, 1 and 2 to the console: what PID 1's children inherit. */
int step_console(struct boot *b)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	b->console = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (null < 0)
		return boot_unable(b, -errno, "open /dev/null");
	if (b->console < 0)
		boot_note(b, "no console: %s", strerror(errno));
	dup2(null, 0);
	for (int fd = 1; fd <= 2; fd++)
		dup2(b->console >= 0 ? b->console : null, fd);
	close(null);
	return 0;
}

int step_cmdline(struct boot *b)
{
	ssize_t len = file_read("/proc/cmdline", b->text->cmdline, sizeof(b->text->cmdline));
	const char *bad;

	if (len < 0)
		return boot_unable(b, (int)len, "read /proc/cmdline");
	bad = settings_cmdline(&b->settings, b->text->cmdline);
	if (bad)
		boot_warn(b, "%s: no such setting, or a value it cannot have; ignored", bad);
	return 0;
}

static void complain(void *ctx, unsigned line, const char *why, const char *what)
{
	struct boot *b = ctx;

	boot_warn(b, "/etc/wsl.conf:%u: %s%s%s; the line is ignored", line, what, *what ? ": " : "",
		  why);
}

int step_settings(struct boot *b)
{
	struct settings_complaint c = { complain, b };
	ssize_t len = file_read("/etc/wsl.conf", b->text->conf, sizeof(b->text->conf) - 1);

	if (len == -ENOENT)
		return 0;
	if (len < 0)
		return boot_unable(b, (int)len, "read /etc/wsl.conf");
	settings_conf(&b->settings, b->text->conf, (size_t)len, &c);
	if (b->settings.systemd)
		boot_note(b, "%s", "boot.systemd is not supported yet: /init stays PID 1");
	return 0;
}

/* What WSL sets: programs made for it count on as much. */
int step_limits(struct boot *b)
{
	static const struct {
		int what;
		struct rlimit limit;
	} limits[] = {
		{ RLIMIT_NOFILE, { 10240, 1048576 } },
		{ RLIMIT_MEMLOCK, { 64 << 20, 64 << 20 } },
	};
	static const char *const sysctls[][2] = {
		{ "/proc/sys/kernel/dmesg_restrict", "0\n" },
		{ "/proc/sys/fs/inotify/max_user_watches", "524288\n" },
	};

	for (size_t i = 0; i < array_len(limits); i++)
		if (setrlimit(limits[i].what, &limits[i].limit) < 0)
			return boot_unable(b, -errno, "set resource limit %d", limits[i].what);
	for (size_t i = 0; i < array_len(sysctls); i++)
		file_write(sysctls[i][0], sysctls[i][1]); /* a kernel may lack them */
	return 0;
}
