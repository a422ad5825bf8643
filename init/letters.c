/* letters.c: the host's drives at their letters: at boot, and when one comes later. */
#include "init/letters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/distro.h"
#include "init/drvfs.h"
#include "init/fstab.h"
#include "init/init.h"
#include "init/machine.h"
#include "init/ready.h"
#include "init/spawn.h"
#include "init/virtio.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/textfile.h"
#include "pathconv/pathconv.h"

enum { AUTOMOUNT_MS = 20000, LETTERS = 26, NOTE_PATH = 64 };

/* A directory for each drive whose own was made for it; and for each that was told to
 * fail, of which nobody hears again whenever its host comes back. */
#define MADE DRIVES_DIR "/made-"
#define TOLD DRIVES_DIR "/told-"

int step_drives(struct machine *m)
{
	int err = virtio_has(m->virtio, VIRTIO_9P) ? modules_load(m, GUEST_9P) : 0;

	if (err == 0 && virtio_has(m->virtio, VIRTIO_FS))
		err = modules_load(m, GUEST_VIRTIOFS);
	if (err == 0 && CFG_P9FS)
		err = modules_load(m, GUEST_FUSE);
	return err;
}

/* --- one drive ----------------------------------------------------------------- */

static size_t drive_point(const struct settings *s, char *out, size_t size, int letter)
{
	size_t len = strlen(s->automount_root);

	while (len > 0 && s->automount_root[len - 1] == '/')
		len--;
	return fmt(out, size, "%.*s/%c", (int)len, s->automount_root, letter + 'a');
}

static void note_path(char path[NOTE_PATH], const char *kind, int letter)
{
	fmt(path, NOTE_PATH, "%s%c", kind, letter + 'a');
}

static void note_drop(const char *kind, int letter)
{
	char path[NOTE_PATH];

	note_path(path, kind, letter);
	rmdir(path);
}

/* Whether it is a new one. */
static bool note_make(const char *kind, int letter)
{
	char path[NOTE_PATH];

	note_path(path, kind, letter);
	return access(path, F_OK) < 0 && dir_make(path, 0700) == 0;
}

uint32_t drives_made(void)
{
	uint32_t made = 0;
	char path[NOTE_PATH];

	for (int i = 0; i < LETTERS; i++) {
		note_path(path, MADE, i);
		if (access(path, F_OK) == 0)
			made |= (uint32_t)1 << i;
	}
	return made;
}

/* The directory to which the one above `target` is a link, as on systems that
 * have /mnt in /var. In a child, whose directory this changes. */
static int link_fill(const char *target)
{
	char link[128], to[128];
	ssize_t len;

	fmt(link, sizeof(link), "%.*s", (int)(strrchr(target, '/') - target), target);
	len = readlink(link, to, sizeof(to) - 1);
	if (len < 0)
		return -errno;
	to[len] = '\0';
	strrchr(link, '/')[1] = '\0';
	return chdir(link) < 0 ? -errno : dir_make(to, 0755);
}

struct automount {
	const struct settings *settings;
	struct mountopts options;
	struct textfile fstab;
	char what[256]; /* could not be done */
};

static int letter_mount(struct automount *a, int letter)
{
	char source[] = { (char)('A' + letter), ':', '\0' }, target[128];
	struct drive_request r = { source, target, &a->options, "" };
	bool made;
	int err;

	if (drive_point(a->settings, target, sizeof(target), letter) >= sizeof(target))
		return -ENAMETOOLONG;
	made = access(target, F_OK) < 0;
	err = dir_make(target, 0755);
	if (err == -ENOENT && link_fill(target) == 0)
		err = dir_make(target, 0755);
	/* What fstab(5) mounts there is its own affair. */
	if (err == 0 && !fstab_names(a->fstab.at, target))
		err = drive_mount(&r);
	else if (err < 0)
		fmt(r.why, sizeof(r.why), "%s", strerror(-err));
	if (err == -EEXIST)
		err = 0;
	if (err == 0) {
		note_drop(TOLD, letter);
		if (made)
			note_make(MADE, letter);
		return 0;
	}
	if (made)
		rmdir(target); /* never one that the image has */
	fmt(a->what, sizeof(a->what), "mount the drive %s on %s: %s", source, target, r.why);
	return err;
}

/* WSL's defaults, then the user's own, which win. The host's set-uid bits are not
 * for this system's users. */
static int automount_init(struct automount *a, const struct settings *s)
{
	int err = mountopts_add(&a->options, "nosuid,nodev,noatime");

	a->settings = s;
	if (err == 0)
		err = mountopts_add(&a->options, s->automount_options);
	if (s->mount_fstab)
		textfile_read(&a->fstab, "/etc/fstab");
	return err;
}

/* --- at boot ------------------------------------------------------------------- */

/* Those that the command line promises. */
static uint32_t drives_promised(const struct settings *s)
{
	uint32_t drives = 0;

	for (const char *at = s->drives ? s->drives : ""; *at; at++)
		if ((*at & ~0x20) >= 'A' && (*at & ~0x20) <= 'Z')
			drives |= (uint32_t)1 << ((*at & ~0x20) - 'A');
	return drives;
}

/* Without a host the first one's failure says it all. */
static int automount_part(void *owner)
{
	struct distro *d = owner;
	struct automount a = { 0 };
	uint32_t drives = drives_offered() | drives_promised(&d->settings);
	int err = automount_init(&a, &d->settings);

	if (err < 0)
		return boot_unable(d->boot, err, "read automount.options");
	if (a.options.downgraded)
		boot_warn(d->boot, "%s", "case=force is taken as case=dir");
	/* Before Linux 6.9 virtiofs does not tell its tags: each letter is tried. */
	for (int i = 0; i < LETTERS && virtio_has(d->machine->virtio, VIRTIO_FS); i++)
		if (!(drives >> i & 1))
			letter_mount(&a, i);
	for (int i = 0; i < LETTERS && err != -ENOTCONN; i++) {
		err = drives >> i & 1 ? letter_mount(&a, i) : 0;
		if (err < 0)
			boot_warn(d->boot, "unable to %s", a.what);
		if (err < 0 && err != -ENOTCONN)
			note_make(TOLD, i);
	}
	return 0;
}

int step_automount(struct distro *d)
{
	const struct part part = { automount_part, d, AUTOMOUNT_MS };

	if (!d->settings.automount ||
	    !(drives_offered() || d->settings.drives || virtio_has(d->machine->virtio, VIRTIO_FS)))
		return 0;
	boot_unable(d->boot, 0, "mount the drives of the host");
	return spawn_part(d->boot, &part);
}

void drives_remove(const struct settings *s, uint32_t made)
{
	for (int i = 0; i < LETTERS; i++) {
		char target[128];

		if (made >> i & 1 && drive_point(s, target, sizeof(target), i) < sizeof(target))
			rmdir(target);
	}
}

/* --- later ----------------------------------------------------------------------- */

#if CFG_P9FS
/* Wherever it is mounted, what lies in another place before that. What is open there
 * has the drive until its host takes it away. */
static void letters_unmount(uint32_t drives, const struct log *log)
{
	struct mounts mounts = { 0 };

	mounts_load(&mounts);
	while (mounts.count > 0) {
		const struct mount *m = &mounts.at[--mounts.count];

		if (!m->drive || m->drive[1] != ':' ||
		    !(drives >> ((m->drive[0] & ~0x20) - 'A') & 1) || umount2(m->point, 0) == 0)
			continue;
		sync();
		if (umount2(m->point, MNT_DETACH) == 0)
			log_warn(log, "%s was in use: what is open there fails from now on",
				 m->point);
	}
}

static int letters_mount(const struct settings *settings, const struct log *log)
{
	const uint32_t drives = drives_promised(settings);
	struct automount a = { 0 };
	int failed = 0;

	if (!log->kmsg && !settings->automount)
		log_warn(log, "%s", "[automount] enabled is false: mount it by hand");
	if (automount_init(&a, settings) < 0)
		return 1; /* was said at boot */
	for (int i = 0; i < LETTERS && settings->automount; i++)
		if (drives >> i & 1 && letter_mount(&a, i) < 0) {
			if (note_make(TOLD, i) || !log->kmsg)
				log_err(log,
					log->kmsg ? "warning drives: unable to %s" : "unable to %s",
					a.what);
			failed = 1;
		}
	return failed;
}

/* With a second argument (interop/guest/drives.h) somebody on the host hears of it. */
int landbridge_automount_main(int argc, char **argv)
{
	const bool asked = argc > 2;
	const struct log log = { .fd = asked ? 2 : open("/dev/kmsg", O_WRONLY | O_CLOEXEC),
				 .kmsg = !asked,
				 .who = "landbridge",
				 .max = LOG_LEVEL_NOTE };
	struct settings settings;
	struct settings_text text;
	char failed = 0;

	ready_wait(); /* at boot step_automount does it */
	settings_load(&settings, &text);
	settings.drives = argc > 1 ? argv[1] : "";
	if (asked && argv[2][0] == 'u') {
		letters_unmount(drives_promised(&settings), &log);
		drives_remove(&settings, drives_promised(&settings) & drives_made());
	} else {
		failed = (char)letters_mount(&settings, &log);
	}
	if (asked)
		fd_write_all(1, &failed, 1);
	return failed;
}
#endif
