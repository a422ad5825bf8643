/* command.c: wsl.conf's boot.command. */
#include "init/command.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/distro.h"
#include "init/hostpath.h"
#include "init/init.h"
#include "init/spawn.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/places.h"

enum { HOST_WAIT_MS = 2000, DIRS = sizeof("PATH=" SYSTEM_DIRS) - 1 };

char system_path[] = "PATH=" SYSTEM_DIRS LANDBRIDGE_BIN;

/* Until the host has said its PATH, which the first session that is made ready
 * writes down (session.c). False: not in time. */
static bool host_path_wait(void)
{
	struct pollfd p = { .fd = inotify_init1(IN_CLOEXEC), .events = POLLIN };
	char text[sizeof(LANDBRIDGE_BIN) + 1];

	inotify_add_watch(p.fd, LANDBRIDGE_RUN, IN_MOVED_TO);
	return file_read(LANDBRIDGE_PATH_FILE, text, sizeof(text)) == -EFBIG ||
	       poll(&p, 1, HOST_WAIT_MS) > 0;
}

/* As sessions have it. */
static void path_read(const struct distro *d, char *path, size_t size)
{
	const struct settings *s = &d->settings;
	ssize_t len;

	if (s->interop && s->append_windows_path && !host_path_wait())
		boot_warn(d->boot, "no host came within %d s: boot.command has no Windows PATH",
			  HOST_WAIT_MS / 1000);
	memcpy(path, system_path, sizeof(system_path));
	len = file_read(LANDBRIDGE_PATH_FILE, path + DIRS, size - DIRS);
	if (len > 0)
		path[DIRS + len - 1] = '\0'; /* it is a line */
	else
		memcpy(path, system_path, sizeof(system_path));
}

static _Noreturn void command_exec(const struct distro *d)
{
	const struct settings *s = &d->settings;
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)(uintptr_t)s->command, NULL };
	char path[DIRS + HOSTPATH_MAX + 64], name[300],
		interop[] = "WSL_INTEROP=" LANDBRIDGE_SOCKET;
	char *envp[] = { path, (char[]){ "HOME=/root" }, name, NULL, NULL };

	path_read(d, path, sizeof(path));
	if (s->interop)
		envp[3] = interop;
	fmt(name, sizeof(name), "WSL_DISTRO_NAME=%s", s->name ? s->name : "");
	umask(022);
	execve("/bin/sh", argv, envp);
	_exit(127);
}

/* Not waited for: it may be a service. */
int step_command(struct distro *d)
{
	pid_t pid;

	if (!d->settings.command || !*d->settings.command)
		return 0;
	if (access("/bin/sh", X_OK) < 0)
		return boot_unable(d->boot, -errno, "run boot.command with /bin/sh");
	pid = spawn_fork();
	if (pid == 0)
		command_exec(d);
	return pid < 0 ? boot_unable(d->boot, pid, "run boot.command") : 0;
}
