/* keep.c: what somebody removes of ours comes back. */
#include "init/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <unistd.h>

#include "binfmt/binfmt.h"
#include "init/distro.h"
#include "init/exe.h"
#include "init/helpers.h"
#include "lib/fd.h"
#include "lib/places.h"

enum { TRIES = 3, RENEWALS = 500 };

int keep_listen(const char *path)
{
	int fd = unix_listen(path, 0666, 64);

	if (fd >= 0)
		mount(path, path, NULL, MS_BIND, NULL); /* a container may not */
	return fd;
}

/* Again where it is removed before it is looked after. Who else registers a handler
 * writes to a file that we watch, as we do ourselves; with somebody who does the same
 * this ends some time. */
static void handler_keep(struct distro *d)
{
	for (int i = 0; CFG_INTEROP && d->handles && i < TRIES; i++) {
		bool there =
			inotify_add_watch(d->kept, BINFMT_DIR "/" BINFMT_NAME, IN_DELETE_SELF) >= 0;

		if (CFG_BINFMT_GUARD)
			inotify_add_watch(d->kept, BINFMT_DIR "/register", IN_MODIFY);
		if ((!there || d->renewals < RENEWALS) && exe_restore(d->program) > 0) {
			d->renewals += there;
			if (d->renewals == RENEWALS && there)
				boot_note(d->boot, "%s",
					  "another handler for .exe files is registered again and "
					  "again: ours is left behind it");
			continue;
		}
		if (there)
			return;
	}
}

static void links_keep(const struct distro *d)
{
	for (int i = 0; i < TRIES && helpers_link(d) == 0; i++)
		if (inotify_add_watch(d->kept, LANDBRIDGE_BIN,
				      IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF) >=
		    0)
			return;
}

void keep_restore(struct distro *d)
{
	char events[4096];

	if (d->kept < 0 || read(d->kept, events, sizeof(events)) <= 0)
		return;
	while (read(d->kept, events, sizeof(events)) > 0)
		;
	links_keep(d);
	handler_keep(d);
}

int step_keep(struct distro *d)
{
	d->kept = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (d->kept < 0)
		return boot_unable(d->boot, -errno, "watch our files");
	fcntl(d->kept, F_SETOWN, getpid());
	fcntl(d->kept, F_SETFL, O_NONBLOCK | O_ASYNC);
	links_keep(d);
	handler_keep(d);
	return 0;
}
