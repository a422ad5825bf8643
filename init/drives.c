/* drives.c: the host's drives at boot. */
#include "init/drives.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/distro.h"
#include "init/drvfs.h"
#include "init/fstab.h"
#include "init/login.h"
#include "init/machine.h"
#include "init/spawn.h"
#include "init/virtio.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/textfile.h"
#include "pathconv/pathconv.h"

enum { AUTOMOUNT_MS = 20000, LETTERS = 26 };

int step_drives(struct machine *m)
{
	int err = virtio_has(m->virtio, VIRTIO_9P) ? modules_load(m, GUEST_9P) : 0;

	if (err == 0 && virtio_has(m->virtio, VIRTIO_FS))
		err = modules_load(m, GUEST_VIRTIOFS);
	return err;
}

static size_t drive_point(const struct settings *s, char *out, size_t size, int letter)
{
	size_t len = strlen(s->automount_root);

	while (len > 0 && s->automount_root[len - 1] == '/')
		len--;
	return fmt(out, size, "%.*s/%c", (int)len, s->automount_root, letter + 'a');
}

/* WSL's defaults, then the user's own, which win. */
static int options_make(struct distro *d, struct mountopts *o)
{
	struct login who;
	char words[96];
	int err;

	login_default(&who, &d->settings);
	/* The host's set-uid bits are not for this system's users. */
	fmt(words, sizeof(words), "nosuid,nodev,noatime,uid=%u,gid=%u", (unsigned)who.uid,
	    (unsigned)who.gid);
	err = mountopts_add(o, words);
	if (err == 0)
		err = mountopts_add(o, d->settings.automount_options);
	if (err < 0)
		return boot_unable(d->boot, err, "read automount.options");
	if (o->downgraded)
		boot_warn(d->boot, "%s", "case=force is taken as case=dir");
	return 0;
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
	struct distro *d;
	struct mountopts options;
	struct textfile fstab;
	uint32_t *made; /* shared with PID 1 */
};

static int letter_mount(struct automount *a, int letter)
{
	char source[] = { (char)('A' + letter), ':', '\0' }, target[128];
	struct drive_request r = { source, target, &a->options, "" };
	bool made;
	int err;

	if (drive_point(&a->d->settings, target, sizeof(target), letter) >= sizeof(target))
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
	if (made && err == 0)
		*a->made |= (uint32_t)1 << letter;
	else if (made)
		rmdir(target); /* never one that the image has */
	if (err < 0)
		boot_unable(a->d->boot, err, "mount the drive %s on %s: %s", source, target, r.why);
	return err;
}

static int automount_part(void *owner)
{
	struct automount *a = owner;
	uint32_t drives = drives_offered();
	int err = options_make(a->d, &a->options);

	if (err < 0)
		return err;
	if (a->d->settings.mount_fstab)
		textfile_read(&a->fstab, "/etc/fstab");
	/* Before Linux 6.9 virtiofs does not tell its tags: each letter is tried. */
	for (int i = 0; i < LETTERS && virtio_has(a->d->machine->virtio, VIRTIO_FS); i++)
		letter_mount(a, i);
	for (int i = 0; i < LETTERS; i++)
		if (drives >> i & 1 && letter_mount(a, i) < 0)
			boot_warn(a->d->boot, "unable to %s", a->d->boot->what);
	return 0;
}

int step_automount(struct distro *d)
{
	struct automount a = { .d = d };
	const struct part part = { automount_part, &a, AUTOMOUNT_MS };
	int err;

	if (!d->settings.automount ||
	    !(drives_offered() || virtio_has(d->machine->virtio, VIRTIO_FS)))
		return 0;
	boot_unable(d->boot, 0, "mount the drives of the host");
	a.made = mmap(NULL, sizeof(*a.made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (a.made == MAP_FAILED)
		return -errno;
	err = spawn_part(d->boot, &part);
	d->drive_dirs = *a.made;
	munmap(a.made, sizeof(*a.made));
	return err;
}

void drives_remove(const struct distro *d)
{
	for (int i = 0; i < LETTERS; i++) {
		char target[128];

		if (d->drive_dirs >> i & 1 &&
		    drive_point(&d->settings, target, sizeof(target), i) < sizeof(target))
			rmdir(target);
	}
}
