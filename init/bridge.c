/* bridge.c: the way to the host: its link, and the broker that owns it. */
#include "init/bridge.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "init/command.h"
#include "init/distro.h"
#include "init/keep.h"
#include "init/machine.h"
#include "init/ready.h"
#include "init/virtio.h"
#include "lib/fd.h"
#include "lib/places.h"

/* What a local user hears who asks for a program of the host. */
#define NO_INTEROP                                                        \
	"programs of the host are switched off in this guest ([interop] " \
	"enabled = false in /etc/wsl.conf)"

enum { KEY_MAX = 1024 }; /* the broker reads no longer one */

static void broker_exec(const struct daemon *daemon)
{
	const struct distro *d = daemon->owner;
	const struct settings *s = &d->settings;
	const char *link = s->link ? s->link : LANDBRIDGE_LINK;
	const char *key = s->key ? s->key : LANDBRIDGE_KEY_FILE;
	char mounts[] = "mount", none[] = "", ports[] = "ports", time[] = "time";
	char *argv[] = { (char[]){ "landbridge-broker" },
			 (char *)(uintptr_t)link,
			 (char *)(uintptr_t)key,
			 (char *)(uintptr_t)(s->interop ? "" : NO_INTEROP),
			 CFG_P9FS && s->automount ? mounts : none,
			 none,
			 none,
			 CFG_FORWARD && s->localhost_forwarding ? ports : none,
			 d->boot->form == BOOT_CONTAINER ? none : time, /* it is the host's */
			 NULL };
	char *const envp[] = { system_path, NULL };

	if (CFG_INTEROP_USERS) {
		argv[5] = (char *)(uintptr_t)(s->interop_users ? s->interop_users : "");
		argv[6] = (char *)(uintptr_t)(s->interop_groups ? s->interop_groups : "");
	}

	execve("/proc/self/exe", argv, envp);
}

/* The initramfs is nobody's any more when the broker starts. */
static int key_keep(struct machine *m)
{
	char text[KEY_MAX];
	ssize_t len = file_read(LANDBRIDGE_INITRAMFS_KEY, text, sizeof(text));
	int err = len < 0 ? (int)len : file_create(LANDBRIDGE_KEY_FILE, text, 0600);

	explicit_bzero(text, sizeof(text));
	return err == 0 || err == -ENOENT ? 0 : boot_unable(m->boot, err, "keep the link's key");
}

int step_link(struct machine *m)
{
	struct daemon *broker = &m->daemons.at[DAEMON_BROKER];
	int err = virtio_has(m->virtio, VIRTIO_CONSOLE) ? modules_load(m, GUEST_LINK) : 0;

	if (err < 0)
		return err;
	if (CFG_VSOCK && virtio_has(m->virtio, VIRTIO_VSOCK))
		err = modules_load(m, GUEST_VSOCK);
	if (err < 0)
		return err;
	err = dir_make(LANDBRIDGE_RUN, 0755);
	if (err == 0 && CFG_TLS && m->boot->form == BOOT_INITRAMFS)
		err = key_keep(m);
	if (err < 0)
		return err;
	err = daemon_listen(broker, keep_listen(LANDBRIDGE_SOCKET));
	if (err < 0)
		return boot_unable(m->boot, err, "listen on " LANDBRIDGE_SOCKET);
	m->starting = ready_hold();
	return m->starting < 0 ? boot_unable(m->boot, m->starting, "hold sessions back") : 0;
}

int step_sessions(struct distro *d)
{
	struct daemon *broker = &d->machine->daemons.at[DAEMON_BROKER];
	int err;

	broker->step = d->boot->step;
	broker->what = "broker";
	broker->exec = broker_exec;
	broker->owner = d;
	err = daemon_start(&d->machine->daemons, broker);
	return err < 0 ? boot_unable(d->boot, err, "start the broker") : 0;
}
