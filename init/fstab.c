/* fstab.c: the image's own fstab(5), by its own mount(8). */
#include "init/fstab.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/command.h"
#include "init/distro.h"
#include "init/spawn.h"
#include "lib/fd.h"

enum { FSTAB_WAIT_MS = 30000 };

/* The character that *at begins, octal escapes as fstab(5) has them; moves on. */
static char next_char(const char **at)
{
	const char *p = *at;

	if (p[0] == '\\' && strspn(p + 1, "01234567") >= 3) {
		*at += 4;
		return (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
	}
	++*at;
	return *p;
}

/* Whether a field is this path, slashes behind it aside. */
static bool field_is(const char *at, size_t len, const char *path)
{
	const char *end = at + len;

	while (at < end && *path && next_char(&at) == *path)
		path++;
	while (at < end && *at == '/')
		at++;
	return at >= end && !*path;
}

bool fstab_names(const char *text, const char *path)
{
	for (; text && *text; text += *text == '\n') {
		text += strspn(text, " \t");
		if (*text && !strchr("#\n", *text)) {
			text += strcspn(text, " \t\n");
			text += strspn(text, " \t");
			if (!path || field_is(text, strcspn(text, " \t\n"), path))
				return true;
		}
		text += strcspn(text, "\n");
	}
	return false;
}

/* What mount(8) said, a warning for each line. False: nothing. */
static bool fstab_complain(const struct boot *boot, int said)
{
	char text[1024], *line = text, *end;
	ssize_t len = said < 0 ? 0 : pread(said, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		boot_warn(boot, "%s", line);
	}
	return line > text;
}

int step_fstab(struct distro *d)
{
	char *const argv[] = { (char[]){ "mount" }, (char[]){ "-a" }, NULL };
	char *const envp[] = { system_path, NULL };
	char text[4096];
	ssize_t len = d->settings.mount_fstab ? file_read("/etc/fstab", text, sizeof(text)) : 0;
	int status, said;
	pid_t pid;

	if (len != -EFBIG && (len <= 0 || !fstab_names(text, NULL)))
		return 0;
	if (access("/bin/mount", X_OK) < 0)
		return boot_unable(d->boot, -errno, "run /bin/mount -a");
	said = memfd_create("mount", MFD_CLOEXEC);
	pid = spawn_fork();
	if (pid == 0) {
		dup2(said, STDERR_FILENO);
		execve("/bin/mount", argv, envp);
		_exit(127);
	}
	status = pid < 0 ? pid : spawn_wait(pid, FSTAB_WAIT_MS);
	if (status != 0 && fstab_complain(d->boot, said) && status > 0)
		status = 0;
	fd_close(&said);
	if (status == 0)
		return 0;
	return boot_unable(d->boot, status < 0 ? status : -EIO,
			   "mount all of /etc/fstab (mount -a: %d)",
			   status < 0 ? -1 : WEXITSTATUS(status));
}
