/* emergency.c: a boot that cannot go on ends in a shell, not in a panic. */
#include "init/emergency.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/command.h"
#include "init/distro.h"
#include "init/newroot.h"
#include "init/power.h"
#include "init/spawn.h"
#include "lib/fmt.h"
#include "lib/lib.h"

/* Before the switch the image is below NEWROOT; the initramfs may have one too. */
static const struct shell {
	const char *root, *path, *arg0;
} shells[] = {
	{ NEWROOT, "/bin/bash", "-bash" }, { NEWROOT, "/bin/sh", "-sh" },
	{ NEWROOT, "/bin/busybox", "sh" }, { "", "/bin/bash", "-bash" },
	{ "", "/bin/sh", "-sh" },          { "", "/bin/busybox", "sh" },
};

static const struct shell *shell_find(void)
{
	for (size_t i = 0; i < array_len(shells); i++) {
		char path[64];

		fmt(path, sizeof(path), "%s%s", shells[i].root, shells[i].path);
		if (access(path, X_OK) == 0)
			return &shells[i];
	}
	return NULL;
}

static _Noreturn void shell_exec(const struct shell *s, int console)
{
	char *argv[] = { (char *)(uintptr_t)s->arg0, NULL };
	char *const envp[] = {
		system_path,
		(char[]){ "HOME=/" },
		(char[]){ "TERM=linux" },
		NULL,
	};

	for (int fd = 0; console >= 0 && fd <= 2; fd++)
		dup2(console, fd);
	ioctl(0, TIOCSCTTY, 1);
	umask(022);
	if (*s->root && (chroot(s->root) < 0 || chdir("/") < 0))
		_exit(126);
	execve(s->path, argv, envp);
	_exit(127);
}

_Noreturn void emergency(struct distro *d)
{
	struct boot *b = d->boot;
	const struct shell *s = b->form == BOOT_CONTAINER && !isatty(0) ? NULL : shell_find();
	pid_t pid;

	b->exit_status = 1;
	if (!s) {
		log_err(&b->log, "%s", "powering off: there is no shell to put this right with");
		power_down(d, POWER_OFF);
	}
	log_err(&b->log, "%s", "emergency shell: leaving it powers off");
	pid = spawn_fork();
	if (pid == 0)
		shell_exec(s, b->console);
	while (pid > 0 && spawn_wait(pid, 24 * 3600 * 1000) == -ETIMEDOUT)
		;
	power_down(d, POWER_OFF);
}
