/* services.c: what the image and Landbridge run for the whole run. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binfmt/binfmt.h"
#include "init/boot.h"
#include "init/init.h"
#include "init/login.h"
#include "init/ns.h"
#include "init/spawn.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"

enum { FSTAB_WAIT_MS = 30000 };

#define SYSTEM_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

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

int step_fstab(struct boot *b)
{
	char *const argv[] = { (char[]){ "mount" }, (char[]){ "-a" }, NULL };
	char *const envp[] = { (char[]){ SYSTEM_PATH }, NULL };
	char text[4096];
	ssize_t len = b->settings.mount_fstab ? file_read("/etc/fstab", text, sizeof(text)) : 0;
	int status;
	pid_t pid;

	if (len != -EFBIG && (len <= 0 || !fstab_has_lines(text)))
		return 0;
	if (access("/bin/mount", X_OK) < 0)
		return boot_unable(b, -errno, "run /bin/mount -a");
	pid = spawn_fork();
	if (pid == 0) {
		execve("/bin/mount", argv, envp);
		_exit(127);
	}
	status = pid < 0 ? pid : spawn_wait(pid, FSTAB_WAIT_MS);
	if (status == 0)
		return 0;
	return boot_unable(b, status < 0 ? status : -EIO, "mount all of /etc/fstab (mount -a: %d)",
			   status < 0 ? -1 : WEXITSTATUS(status));
}

int step_binfmt(struct boot *b)
{
	static const struct pseudo binfmt_misc = { BINFMT_DIR, "binfmt_misc", MS_RELATIME,
						   NULL,       0755,          0 };
	int err;

	if (!b->settings.interop) {
		boot_note(b, "%s", "interop.enabled is false: .exe files are not run");
		return 0;
	}
	if (b->form == BOOT_CONTAINER && ns_is_first(NS_USER)) {
		boot_note(b, "%s", "the table of handlers is the host's; left alone");
		return 0;
	}
	err = modules_load(b, GUEST_BINFMT);
	if (err < 0)
		return err;
	err = pseudo_mount(&binfmt_misc);
	if (err < 0)
		return boot_unable(b, err, "mount binfmt_misc on " BINFMT_DIR);
	err = binfmt_register(BINFMT_DIR, "/init", 1);
	if (err == 0)
		err = binfmt_conf_write(BINFMT_CONF_DIR, BINFMT_CONF, "/init");
	return err < 0 ? boot_unable(b, err, "register the handler for .exe files") : 0;
}

static void broker_exec(const struct boot *b, const struct daemon *d)
{
	char *const argv[] = { (char[]){ "landbridge-broker" }, NULL };
	char link[128], *envp[] = { (char[]){ SYSTEM_PATH }, link, NULL };

	(void)d;
	fmt(link, sizeof(link), "LANDBRIDGE_LINK=%s",
	    b->settings.link ? b->settings.link : "serial");
	execve("/proc/self/exe", argv, envp);
}

int step_link(struct boot *b)
{
	struct daemon *d = &b->daemons[DAEMON_BROKER];
	int err = b->virtio >> VIRTIO_CONSOLE & 1 ? modules_load(b, GUEST_LINK) : 0;

	if (err < 0)
		return err;
	if (b->virtio >> VIRTIO_RNG & 1)
		modules_load(b, GUEST_RNG);
	*d = (struct daemon){ .step = b->step, .what = "broker", .exec = broker_exec };
	err = dir_make(LANDBRIDGE_RUN, 0755);
	err = err < 0 ? err : daemon_listen(d, unix_listen(LANDBRIDGE_SOCKET, 0666, 64));
	if (err < 0)
		return boot_unable(b, err, "listen on " LANDBRIDGE_SOCKET);
	err = daemon_start(b, d);
	return err < 0 ? boot_unable(b, err, "start the broker") : 0;
}

/* The host is by default who logs in; without a name p9d(8) finds out itself. */
static const char *files_user(const struct settings *s)
{
	struct login who;

	if (!s->default_user || !*s->default_user)
		return NULL;
	return login_find(&who, NULL, s) < 0 ? "0" : s->default_user;
}

static void p9d_exec(const struct boot *b, const struct daemon *d)
{
	static const char *const sockets[DAEMON_SOCKETS] = { "fd:3", "fd:4" };
	const char *user = files_user(&b->settings);
	const char *argv[8 + 2 * DAEMON_SOCKETS] = { "p9d", "--umask", NULL };
	char mask[16], *envp[] = { NULL };
	size_t n = 2;

	fmt(mask, sizeof(mask), "0%o", (unsigned)b->settings.umask);
	argv[n++] = mask;
	for (unsigned i = 0; i < array_len(sockets) && i < d->socket_count; i++) {
		argv[n++] = "--listen";
		argv[n++] = sockets[i];
	}
	if (user) {
		argv[n++] = "--user";
		argv[n++] = user;
	}
	execve("/proc/self/exe", (char **)(uintptr_t)argv, envp);
}

static void p9d_listen(const struct boot *b, struct daemon *d, const char *where, int fd)
{
	int err = daemon_listen(d, fd);

	if (err < 0)
		boot_warn(b, "unable to listen on %s: %s", where, strerror(-err));
}

/* One way in is better than none. */
int step_p9d(struct boot *b)
{
	struct daemon *d = &b->daemons[DAEMON_P9D];
	int fd = unix_listen(LANDBRIDGE_P9D_SOCKET, 0666, 64);
	char port[32];

	*d = (struct daemon){ .step = b->step, .what = "file server", .exec = p9d_exec };
	p9d_listen(b, d, LANDBRIDGE_P9D_SOCKET, fd);
	if (b->virtio >> VIRTIO_VSOCK & 1 && modules_load(b, GUEST_VSOCK) == 0) {
		fmt(port, sizeof(port), "vsock port %d", LANDBRIDGE_P9D_PORT);
		p9d_listen(b, d, port, vsock_listen(LANDBRIDGE_P9D_PORT, 64));
	}
	if (!d->socket_count)
		return boot_unable(b, fd, "listen anywhere");
	daemon_await(b, d);
	return 0;
}

static _Noreturn void command_exec(const struct boot *b)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)(uintptr_t)b->settings.command,
			 NULL };
	char name[300],
		*envp[] = { (char[]){ SYSTEM_PATH ":" LANDBRIDGE_BIN }, (char[]){ "HOME=/root" },
			    (char[]){ "WSL_INTEROP=" LANDBRIDGE_SOCKET }, name, NULL };

	fmt(name, sizeof(name), "WSL_DISTRO_NAME=%s", b->settings.name ? b->settings.name : "");
	umask(022);
	execve("/bin/sh", argv, envp);
	_exit(127);
}

/* Not waited for: it may be a service. */
int step_command(struct boot *b)
{
	pid_t pid;

	if (!b->settings.command || !*b->settings.command)
		return 0;
	if (access("/bin/sh", X_OK) < 0)
		return boot_unable(b, -errno, "run boot.command with /bin/sh");
	pid = spawn_fork();
	if (pid == 0)
		command_exec(b);
	return pid < 0 ? boot_unable(b, pid, "run boot.command") : 0;
}
