/* helpers.c: the programs of ours that a distribution has for the run. */
#include "init/helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/distro.h"
#include "init/init.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"

/* A name that a setting takes away is not there at all. */
static const struct {
	const char *name;
	size_t switched; /* by this bool of struct settings; 0: always there */
} links[] = {
#if CFG_WSLPATH
	{ "wslpath", 0 },
	{ "wslinfo", 0 },
#endif
#if CFG_INTEROP
	{ "landbridge-run", offsetof(struct settings, interop) },
#endif
#if CFG_WSLVIEW
	{ "wslview", offsetof(struct settings, interop) },
#endif
#if CFG_DOCTOR
	{ "landbridge-doctor", 0 },
#endif
#if CFG_P9D
	{ "p9d", 0 },
#endif
	{ "mount.drvfs", 0 },
};

static bool is_wanted(const struct settings *s, size_t i)
{
	return !links[i].switched || *(const bool *)((const char *)s + links[i].switched);
}

int helpers_link(const struct distro *d)
{
	int err = dir_make(LANDBRIDGE_BIN, 0755);

	for (size_t i = 0; err == 0 && i < array_len(links); i++) {
		char path[64];

		fmt(path, sizeof(path), LANDBRIDGE_BIN "/%s", links[i].name);
		if (is_wanted(&d->settings, i) && symlink(d->program, path) < 0 && errno != EEXIST)
			err = -errno;
	}
	return err;
}

static int links_make(struct distro *d)
{
	int err = helpers_link(d);

	if (err < 0)
		return boot_unable(d->boot, err, "make " LANDBRIDGE_BIN);
	err = file_create(LANDBRIDGE_PATH_FILE, LANDBRIDGE_BIN "\n", 0644);
	if (err < 0)
		return boot_unable(d->boot, err, "make " LANDBRIDGE_PATH_FILE);
	/* For wslpath where the environment was dropped, as by sudo. */
	return d->settings.name ? file_create(LANDBRIDGE_NAME_FILE, d->settings.name, 0644) : 0;
}

/* /etc/profile sets PATH anew in login shells (Debian's does): this adds again
 * what sessions have on it, for those of sudo, su and ssh too. */
static const char profile[] = "case \":$PATH:\" in\n"
			      "*:" LANDBRIDGE_BIN ":*) ;;\n"
			      "*)\n"
			      "\tread -r landbridge_path <" LANDBRIDGE_PATH_FILE "\n"
			      "\tPATH=\"$PATH:$landbridge_path\"\n"
			      "\tunset landbridge_path ;;\n"
			      "esac\n";

/* /init is itself where it came from the image, and /bin may be /usr/bin. */
static bool is_same(const char *file, const char *path)
{
	struct stat own, there;

	return stat(file, &own) == 0 && lstat(path, &there) == 0 && own.st_dev == there.st_dev &&
	       own.st_ino == there.st_ino;
}

#define OWN LANDBRIDGE_RUN "/init"

/* In a container our own file is one of the mounts that we left behind, and
 * cannot be mounted here. */
static int own_copy(void)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(OWN, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t n = from < 0 || to < 0 ? -1 : 1;

	while (n > 0)
		n = sendfile(to, from, NULL, 1 << 20);
	n = n < 0 ? -errno : 0;
	fd_close(&from);
	fd_close(&to);
	return (int)n;
}

/* Our program as /init, whatever the image has there, as that is what tools
 * look for; without that name, as when it is a directory, in a place of ours. */
static int program_put(struct distro *d)
{
	bool own = is_same("/proc/self/exe", "/init");
	bool copied = d->boot->form == BOOT_CONTAINER && !own;
	const char *source = copied ? OWN : "/proc/self/exe";
	int err = copied ? own_copy() : 0;

	d->program = "/init";
	if (err == 0 && !own)
		err = cover_file(&d->covers, "/init", source, COVER_NAME | COVER_READ_ONLY);
	if (err == 0)
		return 0;
	boot_note(d->boot, "/init stays the image's (%s): our program is " OWN, strerror(-err));
	d->program = OWN;
	return copied ? 0 : cover_file(&d->covers, OWN, source, COVER_NAME | COVER_READ_ONLY);
}

/* Names of our program outside of our own directory: for mount(8), and for those
 * who have no PATH of ours (sudo, cron, env -i). */
static const char names[][18] = {
	"/sbin/mount.drvfs",
#if CFG_WSLPATH
	"/usr/bin/wslpath",  "/usr/bin/wslinfo", "/bin/wslpath", "/bin/wslinfo",
#endif
#if CFG_WSLVIEW
	"/usr/bin/wslview",  "/bin/wslview",
#endif
};

static int name_put(struct distro *d, const char *path)
{
	char dir[sizeof(names[0])];

	fmt(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path);
	return access(dir, F_OK) < 0 || is_same(d->program, path)
		       ? 0
		       : cover_file(&d->covers, path, d->program, COVER_NAME | COVER_READ_ONLY);
}

static int profile_put(struct distro *d)
{
	int err = file_create(LANDBRIDGE_RUN "/profile.sh", profile, 0644);

	return err < 0 ? err
		       : cover_file(&d->covers, "/etc/profile.d/landbridge.sh",
				    LANDBRIDGE_RUN "/profile.sh", COVER_NAME | COVER_READ_ONLY);
}

/* By which programs know where they are; the second is where WSL's distributions have
 * things in common. */
static int marks_put(struct distro *d)
{
	int err;

	mkdir("/run/WSL", 0755);
	err = cover_dir(&d->covers, "/mnt/wsl");
	return err == -ENOENT ? 0 : err;
}

/* One that cannot be had does not keep the others from being made. */
int step_helpers(struct distro *d)
{
	int failed, err = dir_make(LANDBRIDGE_RUN, 0755);

	if (err == 0)
		err = program_put(d);
	if (err < 0)
		return boot_unable(d->boot, err, "mount this program on /init");
	failed = links_make(d);
	for (size_t i = 0; i < array_len(names); i++) {
		err = name_put(d, names[i]);
		if (err < 0)
			failed = boot_unable(d->boot, err, "mount %s", names[i]);
	}
	err = marks_put(d);
	if (err < 0)
		failed = boot_unable(d->boot, err, "mount tmpfs on /mnt/wsl");
	err = access("/etc/profile.d", F_OK) == 0 ? profile_put(d) : 0;
	return err < 0 ? boot_unable(d->boot, err, "mount /etc/profile.d/landbridge.sh") : failed;
}
