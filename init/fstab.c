/* fstab.c: the image's own fstab(5), by its own mount(8). */
#include "init/fstab.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/command.h"
#include "init/distro.h"
#include "init/spawn.h"
#include "lib/fd.h"

enum { FSTAB_WAIT_MS = 30000 };

/* Whether fstab(5) has a line at all: mount(8) is worth a start then only. */
static bool fstab_has_lines(const char *text)
{
	while (*text) {
		text += strspn(text, " \t");
		if (*text != '#' && *text != '\n' && *text)
			return true;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return false;
}

int step_fstab(struct distro *d)
{
	char *const argv[] = { (char[]){ "mount" }, (char[]){ "-a" }, NULL };
	char *const envp[] = { (char[]){ "PATH=" SYSTEM_PATH }, NULL };
	char text[4096];
	ssize_t len = d->settings.mount_fstab ? file_read("/etc/fstab", text, sizeof(text)) : 0;
	int status;
	pid_t pid;

	if (len != -EFBIG && (len <= 0 || !fstab_has_lines(text)))
		return 0;
	if (access("/bin/mount", X_OK) < 0)
		return boot_unable(d->boot, -errno, "run /bin/mount -a");
	pid = spawn_fork();
	if (pid == 0) {
		execve("/bin/mount", argv, envp);
		_exit(127);
	}
	status = pid < 0 ? pid : spawn_wait(pid, FSTAB_WAIT_MS);
	if (status == 0)
		return 0;
	return boot_unable(d->boot, status < 0 ? status : -EIO,
			   "mount all of /etc/fstab (mount -a: %d)",
			   status < 0 ? -1 : WEXITSTATUS(status));
}
