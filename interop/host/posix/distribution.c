/* distribution.c: finds, holds and lists distributions. */
#include "interop/host/posix/distribution.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* rename */
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "lib/lib.h"

int distribution_find(struct distribution *d, const struct dirs *dirs, const char *name)
{
	*d = (struct distribution){ .lock = -1 };
	if (!options_name_fits(name) ||
	    path_format(d->dir, sizeof(d->dir), "%s/distributions/%s", dirs->home, name) < 0 ||
	    path_format(d->disk, sizeof(d->disk), "%s/disk.qcow2", d->dir) < 0 ||
	    access(d->disk, F_OK) < 0)
		return -ENOENT;
	fmt(d->name, sizeof(d->name), "%s", name);
	return 0;
}

int distribution_need(struct distribution *d, const struct dirs *dirs, const char *name,
		      struct fault *why)
{
	if (distribution_find(d, dirs, name) == 0)
		return 0;
	return fault_set(why, HOST_FAILED,
			 "unable to find the distribution %s (landbridge list has them; import "
			 "makes one)",
			 name);
}

/* Who only looks whether it is held has it, too, for a moment. */
static int lock_take(int fd)
{
	const struct timespec moment = { .tv_nsec = 20 * 1000000 };
	int error = 0;

	for (int i = 0; i < 5; i++) {
		error = flock(fd, LOCK_EX | LOCK_NB) < 0 ? errno : 0;
		if (error != EWOULDBLOCK)
			break;
		nanosleep(&moment, NULL);
	}
	return error;
}

int distribution_hold(struct distribution *d, const char *to, struct fault *why)
{
	int error;

	d->lock = open(d->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = d->lock < 0 ? errno : lock_take(d->lock);
	/* It may have been removed in between. */
	if (!error && access(d->disk, F_OK) < 0)
		error = errno;
	if (!error)
		return 0;
	fd_close(&d->lock);
	if (error == EWOULDBLOCK)
		return fault_set(why, HOST_FAILED,
				 "unable to %s %s: it is running, or being worked on (landbridge "
				 "shell %s opens a shell in it, landbridge stop %s ends it)",
				 to, d->name, d->name, d->name);
	return fault_set(why, HOST_FAILED, "unable to %s %s: %s", to, d->name, strerror(error));
}

bool distribution_is_held(const struct distribution *d)
{
	int fd = open(d->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	fd_close(&fd);
	return held;
}

int distribution_read(struct distribution *d, struct fault *why)
{
	char path[PATH_MAX + 16];
	ssize_t len;

	fmt(path, sizeof(path), "%s/profile", d->dir);
	len = file_read(path, d->profile, sizeof(d->profile));
	if (len >= 0)
		return 0;
	d->profile[0] = '\0';
	return len == -ENOENT ? 0
			      : fault_set(why, HOST_FAILED, "unable to read %s: %s", path,
					  strerror((int)-len));
}

/* Whoever reads it meanwhile reads one or the other. */
static int text_replace(const char *path, const char *text, struct fault *why)
{
	char made[PATH_MAX + 32];
	int r;

	fmt(made, sizeof(made), "%s.new", path);
	r = file_create(made, text, 0600);
	if (r == 0 && rename(made, path) < 0)
		r = -errno;
	return r < 0 ? fault_set(why, HOST_FAILED, "unable to write %s: %s", path, strerror(-r))
		     : 0;
}

int distribution_write(const struct distribution *d, struct fault *why)
{
	char path[PATH_MAX + 16];

	fmt(path, sizeof(path), "%s/profile", d->dir);
	return text_replace(path, d->profile, why);
}

int distribution_apply(struct distribution *d, struct options *o, struct fault *why)
{
	char *text = d->profile;
	struct profile_line line;
	struct fault bad = { 0 };

	if (distribution_read(d, why) < 0)
		return -1;
	while (profile_next(&text, &line))
		if (!line.value)
			return fault_set(why, HOST_FAILED, "unable to understand %s in %s/profile",
					 line.key, d->dir);
		else if (options_default(o, line.key, line.value, &bad) < 0)
			return fault_set(why, HOST_FAILED, "%s (in %s/profile)", bad.text, d->dir);
	return 0;
}

int distribution_default(const struct dirs *dirs, char *out)
{
	char path[PATH_MAX + 16];

	fmt(path, sizeof(path), "%s/default", dirs->home);
	if (file_read(path, out, MACHINE_NAME) < 0)
		return -ENOENT;
	out[strcspn(out, "\n")] = '\0';
	return options_name_fits(out) ? 0 : -ENOENT;
}

int distribution_set_default(const struct dirs *dirs, const char *name, struct fault *why)
{
	char path[PATH_MAX + 16];

	fmt(path, sizeof(path), "%s/default", dirs->home);
	if (name)
		return text_replace(path, name, why);
	if (unlink(path) < 0 && errno != ENOENT)
		return fault_set(why, HOST_FAILED, "unable to remove %s: %s", path,
				 strerror(errno));
	return 0;
}

int distributions_each(const struct dirs *dirs,
		       int (*each)(void *owner, const struct distribution *d), void *owner)
{
	struct distribution d;
	char path[PATH_MAX];
	struct dirent **entries;
	int count = -1, r = 0;

	if (path_format(path, sizeof(path), "%s/distributions", dirs->home) == 0)
		count = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		if (r == 0 && distribution_find(&d, dirs, entries[i]->d_name) == 0)
			r = each(owner, &d);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return r;
}
