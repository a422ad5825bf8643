/* fileserver.c: the guest's files for the host. */
#include "init/fileserver.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "init/distro.h"
#include "init/keep.h"
#include "init/login.h"
#include "init/machine.h"
#include "init/virtio.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/places.h"

/* The host is by default who logs in; without a name p9d(8) finds out itself. */
static const char *files_user(const struct settings *s, char number[16])
{
	struct login who;

	if (!s->default_user || !*s->default_user)
		return NULL;
	if (login_find(&who, NULL, s) < 0)
		return "0";
	fmt(number, 16, "%u", (unsigned)who.uid);
	return who.nss ? number : s->default_user;
}

static void p9d_exec(const struct daemon *d)
{
	const struct settings *s = d->owner;
	static const char *const sockets[DAEMON_SOCKETS] = { "fd:3", "fd:4" };
	char number[16];
	const char *user = files_user(s, number);
	const char *argv[8 + 2 * DAEMON_SOCKETS] = { "p9d", "--umask", NULL };
	char mask[16], *envp[] = { NULL };
	size_t n = 2;

	fmt(mask, sizeof(mask), "0%o", (unsigned)s->umask);
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

static void p9d_listen(struct boot *b, struct daemon *d, const char *where, int fd)
{
	int err = daemon_listen(d, fd);

	if (err < 0)
		boot_warn(b, "unable to listen on %s: %s", where, strerror(-err));
}

/* One way in is better than none. */
int step_p9d(struct distro *d)
{
	struct machine *m = d->machine;
	struct daemon *p9d = &m->daemons.at[DAEMON_P9D];
	char port[32];
	int fd;

	if (!d->settings.file_server) {
		boot_note(d->boot, "%s", "fileServer.enabled is false: the files are not served");
		return 0;
	}
	fd = keep_listen(LANDBRIDGE_P9D_SOCKET);
	*p9d = (struct daemon){ .step = d->boot->step,
				.what = "file server",
				.exec = p9d_exec,
				.owner = &d->settings };
	p9d_listen(d->boot, p9d, LANDBRIDGE_P9D_SOCKET, fd);
	if (virtio_has(m->virtio, VIRTIO_VSOCK) && modules_load(m, GUEST_VSOCK) == 0) {
		fmt(port, sizeof(port), "vsock port %d", LANDBRIDGE_P9D_PORT);
		p9d_listen(d->boot, p9d, port, vsock_listen(LANDBRIDGE_P9D_PORT, 64));
	}
	if (!p9d->socket_count)
		return boot_unable(d->boot, fd, "listen anywhere");
	daemon_await(&m->daemons, p9d);
	return 0;
}
