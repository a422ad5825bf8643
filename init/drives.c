/* drives.c: the boot step that mounts the host's drives. */
#include "init/drives.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/boot.h"
#include "init/login.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"

static bool is_root_of(const struct settings *s, char *out, size_t size, char letter)
{
	size_t len = strlen(s->automount_root);

	while (len > 0 && s->automount_root[len - 1] == '/')
		len--;
	return fmt(out, size, "%.*s/%c", (int)len, s->automount_root, letter - 'A' + 'a') < size;
}

/* WSL's defaults, then the user's own, which win. */
static int options_make(struct boot *b, struct mountopts *o)
{
	struct login who;
	char words[96];
	int err;

	login_default(&who, &b->settings);
	fmt(words, sizeof(words), "noatime,uid=%u,gid=%u", (unsigned)who.uid, (unsigned)who.gid);
	err = mountopts_add(o, words);
	if (err == 0)
		err = mountopts_add(o, b->settings.automount_options);
	if (err < 0)
		return boot_unable(b, err, "read automount.options");
	if (o->downgraded)
		boot_warn(b, "%s", "case=force is taken as case=dir");
	return 0;
}

/* Whether fstab has put this very drive there already. */
static bool is_there(const char *target, char letter)
{
	struct mount_table table;
	const struct mount *m;

	if (!is_mountpoint(target) || mount_table_read(&table) < 0)
		return false;
	m = mounts_find(&table.mounts, target);
	return m && m->drive && (m->drive[0] | 0x20) == (letter | 0x20) && m->drive[1] == ':';
}

static int letter_mount(struct boot *b, const struct mountopts *o, char letter)
{
	char source[] = { letter, ':', '\0' }, target[128];
	struct drive_request r = { source, target, o, "" };
	int err;

	if (!is_root_of(&b->settings, target, sizeof(target), letter))
		return -ENAMETOOLONG;
	if (is_there(target, letter))
		return 0;
	err = dir_make(target, 0755);
	if (err == 0)
		err = drive_mount(&r);
	else
		fmt(r.why, sizeof(r.why), "%s", strerror(-err));
	if (err < 0)
		fmt(b->what, sizeof(b->what), "mount the drive %s on %s: %s", source, target,
		    r.why);
	return err;
}

/* Before Linux 6.9 virtiofs does not tell its tags: each letter is tried. */
static void virtiofs_try(struct boot *b, const struct mountopts *o)
{
	for (int i = 0; i < 26; i++) {
		char target[128], letter = (char)('A' + i);

		if (letter_mount(b, o, letter) < 0 &&
		    is_root_of(&b->settings, target, sizeof(target), letter))
			rmdir(target);
		b->what[0] = '\0';
	}
}

int step_drives(struct boot *b)
{
	struct mountopts o = { 0 };
	uint32_t drives;
	int err = 0;

	if (b->virtio >> VIRTIO_9P & 1)
		err = modules_load(b, GUEST_9P);
	if (err == 0 && b->virtio >> VIRTIO_FS & 1)
		err = modules_load(b, GUEST_VIRTIOFS);
	if (err < 0 || !b->settings.automount)
		return err;
	drives = drives_9p();
	if (!drives && !(b->virtio >> VIRTIO_FS & 1))
		return 0;
	err = options_make(b, &o);
	for (int i = 0; i < 26; i++) {
		if (drives >> i & 1) {
			int failed = letter_mount(b, &o, (char)('A' + i));

			err = err < 0 ? err : failed;
		}
	}
	if (b->virtio >> VIRTIO_FS & 1)
		virtiofs_try(b, &o);
	return err;
}
