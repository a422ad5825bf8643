/* drvfs.c: mounting the host's drives, and mount.drvfs for mount(8). */
#include "init/drvfs.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "init/init.h"
#include "init/linkdrive.h"
#include "init/login.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/log.h"
#include "pathconv/pathconv.h"

/* Unless the options say otherwise: what the host has set-uid, or as a device, has
 * no power here. */
enum { SAFE_FLAGS = MS_NOSUID | MS_NODEV };
enum { EXIT_USAGE = 1, EXIT_MOUNT = 32 }; /* mount(8) */

static const unsigned long mount_flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME |
					 MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;

__attribute__((format(printf, 3, 4))) static int why(struct drive_request *r, int err,
						     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fmt_va(r->why, sizeof(r->why), format, args);
	va_end(args);
	return err;
}

static int why_errno(struct drive_request *r, int err)
{
	return why(r, err, "%s", strerror(-err));
}

/* A mount that shows all of the drive, or NULL. */
static const struct mount *drive_visible(const struct mounts *mounts, char letter)
{
	char drive[] = { letter, ':', '\0' };

	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *m = &mounts->at[i];

		if (m->drive && strcasecmp(m->drive, drive) == 0 && strcmp(m->root, "/") == 0 &&
		    mounts_find(mounts, m->point) == m)
			return m;
	}
	return NULL;
}

static int subtree_bind(struct drive_request *r, const char *point, const char *rest)
{
	unsigned long flags = r->options->flags & mount_flags;
	char from[4096];
	int err = drive_subpath(from, sizeof(from), point, rest);

	if (err < 0)
		return why_errno(r, err);
	if (mount(from, r->target, NULL, MS_BIND, NULL) < 0)
		return why(r, -errno, "%s: %s", from, strerror(errno));
	if (flags && mount(NULL, r->target, NULL, MS_REMOUNT | MS_BIND | flags, NULL) < 0) {
		err = -errno;
		umount2(r->target, MNT_DETACH);
		return why_errno(r, err);
	}
	return 0;
}

static int type_mount(struct drive_request *r, const char *type, char letter, const char *target)
{
	const struct mountopts *o = r->options;
	char tag[] = { letter, ':', '\0' };
	char data[1400];

	if (strcmp(type, "9p") != 0)
		return mount(tag, target, type, o->flags, o->data) < 0 ? -errno : 0;
	if (fmt(data, sizeof(data),
		"trans=virtio,version=9p2000.L,msize=262144,cache=mmap%s%s,aname=drvfs;path=%s\\",
		o->data[0] ? "," : "", o->data, tag) >= sizeof(data))
		return -ENAMETOOLONG;
	return mount(tag, target, type, o->flags, data) < 0 ? -errno : 0;
}

#define VIRTIO_FS_DRIVER "/sys/bus/virtio/drivers/virtiofs"

/* One that the hypervisor gives. -ENODEV: it gives none of that letter. */
static int hypervisor_attach(struct drive_request *r, char letter, const char *target)
{
	int err = -ENODEV;

	if (drives_offered() >> (letter - 'A') & 1)
		err = type_mount(r, "9p", letter, target);
	else if (access(VIRTIO_FS_DRIVER, F_OK) == 0)
		err = type_mount(r, "virtiofs", letter, target);
	return err == -EINVAL || err == -ENXIO ? -ENODEV : err;
}

#if CFG_P9FS
/* One that the agent gives. Its files are the login user's, unless the options say
 * otherwise. */
static int link_attach(struct drive_request *r, char letter, const char *target)
{
	const struct mountopts *o = r->options;
	char options[sizeof(o->server) + 40], place[PATH_MAX];
	const struct link_drive drive = { letter, place, o->flags, options, o->data };
	struct settings settings;
	struct settings_text text;
	struct login who;
	int err = path_real(target, place, sizeof(place));

	if (err < 0)
		return why_errno(r, err);
	settings_load(&settings, &text);
	login_default(&who, &settings);
	fmt(options, sizeof(options), "uid=%u,gid=%u%s%s", (unsigned)who.uid, (unsigned)who.gid,
	    o->server[0] ? "," : "", o->server);
	return link_drive_mount(&drive, r->why, sizeof(r->why));
}
#else
static int link_attach(struct drive_request *r, char letter, const char *target)
{
	(void)target;
	return why(r, -ENODEV, "the host gives no drive %c: (landbridge run --drive)", letter);
}
#endif

/* A whole drive. */
static int drive_attach(struct drive_request *r, char letter, const char *target)
{
	char drive[] = { letter, ':', '\0' };
	int err = hypervisor_attach(r, letter, target);

	switch (err) {
	case 0:
		return 0;
	case -EBUSY:
		return why(r, err,
			   "%s is mounted in another mount namespace, and a virtio-9p "
			   "tag can be mounted once",
			   drive);
	case -ENODEV:
		return link_attach(r, letter, target);
	default:
		return why_errno(r, err);
	}
}

/* Who owns a drive's files, and such, is decided for a mount as a whole. */
static bool has_options(const struct mountopts *o)
{
	return o->server[0] || o->data[0];
}

/* A directory of a drive that is not mounted: the drive goes to a place of
 * ours, where it can be found for the next one; unless this one has options of its
 * own: then it is all that is seen of it. */
static int subtree_attach(struct drive_request *r, char letter, const char *rest)
{
	struct mountopts plain = *r->options;
	struct drive_request whole = { .options = &plain };
	char point[64];
	int err;

	plain.flags = SAFE_FLAGS;
	fmt(point, sizeof(point), DRIVES_DIR "/%c", letter - 'A' + 'a');
	err = dir_make(point, 0755);
	if (err < 0)
		return why_errno(r, err);
	err = drive_attach(&whole, letter, point);
	memcpy(r->why, whole.why, sizeof(r->why));
	if (err < 0)
		return err;
	err = subtree_bind(r, point, rest);
	if (err < 0 || has_options(&plain))
		umount2(point, MNT_DETACH);
	return err;
}

/* Whether a mount of the drive is not what is asked for, as its options are its own. */
static bool is_other(const struct drive_request *r, const struct mount *m)
{
	return m->fuse && has_options(r->options);
}

/* Just this, mounted there already, or NULL: mount(8) knows C: and C:\\ for two
 * sources, and would have one more on top each time. */
static const struct mount *drive_there(const struct drive_request *r, const struct mounts *mounts,
				       char letter, const char *rest)
{
	enum { SAME = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC };
	const struct mount *m = mounts_find(mounts, r->target);
	char drive[] = { letter, ':', '\0' }, root[4096];
	struct statfs fs;
	bool there = m && m->drive && strcmp(m->point, r->target) == 0 &&
		     strcasecmp(m->drive, drive) == 0 &&
		     drive_subpath(root, sizeof(root), "", rest) == 0 &&
		     strcmp(m->root, *rest ? root : "/") == 0 && statfs(r->target, &fs) == 0 &&
		     ((fs.f_flags ^ r->options->flags) & SAME) == 0;

	return there ? m : NULL;
}

static int source_split(struct drive_request *r, char *letter, const char **rest)
{
	int err = drive_source(r->source, letter, rest);

	if (err == -EOPNOTSUPP)
		return why(r, err, "%s",
			   "shares of other machines are not supported: "
			   "give their directory as a drive");
	return err < 0 ? why(r, err, "%s", "the source is no drive (C:, C:\\dir)") : 0;
}

static int remount(struct drive_request *r)
{
	unsigned long flags = MS_REMOUNT | MS_BIND | (r->options->flags & mount_flags);

	return mount(NULL, r->target, NULL, flags, NULL) < 0 ? why_errno(r, -errno) : 0;
}

int drive_mount(struct drive_request *r)
{
	struct mounts mounts;
	const struct mount *first, *there;
	const char *rest;
	char letter;
	bool done;
	int err = source_split(r, &letter, &rest);

	if (err < 0)
		return err;
	if (r->options->flags & MS_REMOUNT)
		return remount(r);
	err = mounts_load(&mounts);
	if (err < 0)
		return why(r, err, "cannot read /proc/self/mountinfo: %s", strerror(-err));
	there = drive_there(r, &mounts, letter, rest);
	first = drive_visible(&mounts, letter);
	done = there || (first && !is_other(r, first));
	if (there && is_other(r, there))
		err = why(r, -EEXIST, "it is mounted there already (umount it first)");
	else if (done && !there)
		err = subtree_bind(r, first->point, rest);
	mounts_unload(&mounts);
	if (done)
		return err;
	return *rest ? subtree_attach(r, letter, rest) : drive_attach(r, letter, r->target);
}

/* --- mount.drvfs ------------------------------------------------------------ */

static const struct log to_stderr = { .fd = 2, .who = "mount.drvfs", .max = LOG_LEVEL_NOTE };

static int usage(void)
{
	log_err(&to_stderr, "%s", "usage: mount.drvfs SOURCE TARGET [-sfnv] [-o OPTIONS]");
	return EXIT_USAGE;
}

static int complain(const struct drive_request *r, const char *reason)
{
	log_err(&to_stderr, "unable to mount %s on %s: %s", r->source, r->target, reason);
	return EXIT_MOUNT;
}

struct arguments {
	const char *place[2]; /* source, target */
	int places;
	bool fake;
};

/* One argument; *value is what follows it. Returns how many were taken, or 0. */
static int argument_take(struct arguments *a, struct mountopts *o, char *arg, const char *value)
{
	if (arg[0] != '-' || !arg[1]) {
		if (a->places == 2)
			return 0;
		a->place[a->places++] = arg;
		return 1;
	}
	if (strcmp(arg, "-o") == 0)
		return value && mountopts_add(o, value) == 0 ? 2 : 0;
	if (strcmp(arg, "-t") == 0 || strcmp(arg, "-N") == 0)
		return value ? 2 : 0;
	if (strspn(arg + 1, "sfnv") != strlen(arg + 1))
		return 0;
	a->fake = a->fake || strchr(arg, 'f');
	return 1;
}

int mount_drvfs_main(int argc, char **argv)
{
	struct drive_request r = { 0 };
	struct arguments a = { 0 };
	struct mountopts o = { .flags = SAFE_FLAGS };
	struct stat st;
	int err;

	for (int i = 1, n; i < argc; i += n) {
		n = argument_take(&a, &o, argv[i], argv[i + 1]);
		if (n == 0)
			return usage();
	}
	if (a.places != 2)
		return usage();
	r.source = a.place[0];
	r.target = a.place[1];
	r.options = &o;
	if (o.downgraded)
		log_warn(&to_stderr, "%s", "case=force is taken as case=dir");
	if (stat(r.target, &st) < 0 || !S_ISDIR(st.st_mode))
		return complain(&r, "the target is no directory (make it first)");
	if (geteuid() != 0)
		return complain(&r, "only root can (try sudo)");
	err = a.fake ? 0 : drive_mount(&r);
	return err == 0 || o.nofail ? 0 : complain(&r, r.why);
}
