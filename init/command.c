/* command.c: wsl.conf's boot.command. */
#include "init/command.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/distro.h"
#include "init/spawn.h"
#include "lib/fmt.h"
#include "lib/places.h"

static _Noreturn void command_exec(const struct distro *d)
{
	const struct settings *s = &d->settings;
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)(uintptr_t)s->command, NULL };
	char name[300], interop[] = "WSL_INTEROP=" LANDBRIDGE_SOCKET;
	char *envp[] = { (char[]){ SYSTEM_PATH }, (char[]){ "HOME=/root" }, name, NULL, NULL };

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
