/* helpers.c: the programs of ours that a distribution has for the run. */
#include "init/helpers.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/distro.h"
#include "init/init.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"

/* /init is itself where it came from the image; else it is bound over /init. */
static bool is_own_file(const char *path)
{
	struct stat own, there;

	return stat("/proc/self/exe", &own) == 0 && stat(path, &there) == 0 &&
	       own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

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
#if CFG_P9D
	{ "p9d", 0 },
#endif
	{ "mount.drvfs", 0 },
};

static bool is_wanted(const struct settings *s, size_t i)
{
	return !links[i].switched || *(const bool *)((const char *)s + links[i].switched);
}

static int links_make(struct distro *d)
{
	int err = dir_make(LANDBRIDGE_BIN, 0755);

	if (err < 0)
		return boot_unable(d->boot, err, "make " LANDBRIDGE_BIN);
	for (size_t i = 0; i < array_len(links); i++) {
		char path[64];

		fmt(path, sizeof(path), LANDBRIDGE_BIN "/%s", links[i].name);
		if (is_wanted(&d->settings, i) && symlink("/init", path) < 0 && errno != EEXIST)
			return boot_unable(d->boot, -errno, "link %s", path);
	}
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

int step_helpers(struct distro *d)
{
	int err = links_make(d);

	if (err == 0 && !is_own_file("/init")) {
		err = cover_file(&d->covers, "/init", "/proc/self/exe", true);
		if (err < 0)
			boot_unable(d->boot, err, "mount this program on /init");
	}
	if (err == 0 && access("/sbin", F_OK) == 0) {
		err = cover_file(&d->covers, "/sbin/mount.drvfs", "/init", true);
		if (err < 0)
			boot_unable(d->boot, err, "mount /init on /sbin/mount.drvfs");
	}
	if (err == 0 && access("/etc/profile.d", F_OK) == 0) {
		err = file_create(LANDBRIDGE_RUN "/profile.sh", profile, 0644);
		if (err == 0)
			err = cover_file(&d->covers, "/etc/profile.d/landbridge.sh",
					 LANDBRIDGE_RUN "/profile.sh", true);
		if (err < 0)
			boot_unable(d->boot, err, "mount /etc/profile.d/landbridge.sh");
	}
	return err;
}
