/* machine.c: makes, finds, lists and removes machines' directories. */
#include "interop/host/posix/machine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* rename */
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/lib.h"

/* What a unix socket's name holds, without a slash, the longest name and file. */
enum { BASE_MAX = MACHINE_DIR - MACHINE_NAME - (int)sizeof("/status.new"), TAKEN_MAX = 1000 };

void machine_path(const struct machine *m, const char *file, char *out)
{
	fmt(out, MACHINE_DIR, "%s/%s", m->dir, file);
}

/* --- the directory of all machines ------------------------------------------- */

static void base_path(char *out, size_t size)
{
	const char *top = getenv("XDG_RUNTIME_DIR");

	if (top && top[0] == '/' && access(top, W_OK) == 0 &&
	    fmt(out, size, "%s/landbridge", top) <= BASE_MAX)
		return;
	fmt(out, size, "/tmp/landbridge-%u", (unsigned)geteuid());
}

/* In /tmp anybody could have made it. */
static int base_check(int base)
{
	struct stat st;

	if (fstat(base, &st) < 0)
		return -errno;
	return st.st_uid == geteuid() && (st.st_mode & 077) == 0 ? 0 : -EPERM;
}

/* Opens it, made if need be, and waits for its lock, which close(2) lets go. */
static int base_open(char *path, size_t size, struct fault *why)
{
	int base, error;

	base_path(path, size);
	error = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
	base = error ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (!error && base < 0)
		error = -errno;
	if (!error)
		error = base_check(base);
	while (!error && flock(base, LOCK_EX) < 0)
		error = errno == EINTR ? 0 : -errno;
	if (!error)
		return base;
	fd_close(&base);
	return fault_set(why, HOST_FAILED, "unable to use %s for machines: %s", path,
			 error == -EPERM ? "it is somebody else's, or open to others"
					 : strerror(-error));
}

static void machine_at(struct machine *m, const char *base, const char *name)
{
	*m = (struct machine){ .lock = -1 };
	fmt(m->name, sizeof(m->name), "%s", name);
	fmt(m->dir, sizeof(m->dir), "%s/%s", base, name);
}

/* --- under its lock ------------------------------------------------------------ */

/* Takes the lock of a machine that may be there: a descriptor, -EWOULDBLOCK: it
 * lives; -ENOENT: there is none. */
static int lock_take(const struct machine *m, int flags)
{
	char path[MACHINE_DIR];
	int fd, error;

	machine_path(m, "lock", path);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static void dir_remove(const char *path)
{
	const struct dirent *entry;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0); /* it has no directories but . and .. */
	if (dir)
		closedir(dir);
	rmdir(path);
}

/* Whether it lives; what is left of a dead one goes. */
static bool lives(const struct machine *m)
{
	int lock = lock_take(m, 0);

	if (lock < 0 && lock != -ENOENT)
		return true;
	dir_remove(m->dir);
	fd_close(&lock);
	return false;
}

void machine_remove(struct machine *m)
{
	char base[MACHINE_DIR];
	struct fault ignored = { 0 };
	int fd;

	if (m->lock < 0)
		return;
	fd = base_open(base, sizeof(base), &ignored);
	dir_remove(m->dir);
	fd_close(&m->lock);
	fd_close(&fd);
}

/* --- making and finding --------------------------------------------------------- */

static int create_at(struct machine *m, const char *base, const char *name)
{
	machine_at(m, base, name);
	if (lives(m))
		return -EEXIST;
	if (mkdir(m->dir, 0700) < 0)
		return -errno;
	m->lock = lock_take(m, O_CREAT);
	return m->lock < 0 ? m->lock : 0;
}

int machine_create(struct machine *m, const char *name, bool any, struct fault *why)
{
	char base[MACHINE_DIR], other[MACHINE_NAME];
	int fd = base_open(base, sizeof(base), why), r;

	m->lock = -1;
	if (fd < 0)
		return -1;
	r = create_at(m, base, name);
	for (unsigned n = 2; any && r == -EEXIST && n < TAKEN_MAX; n++) {
		fmt(other, sizeof(other), "%.*s-%u", MACHINE_NAME - 5, name, n);
		r = create_at(m, base, other);
	}
	close(fd);
	if (r == -EEXIST)
		return fault_set(
			why, HOST_FAILED,
			"unable to start the machine %s: it is running already (landbridge "
			"shell %s opens a shell in it; --name gives another name)",
			name, name);
	if (r < 0)
		return fault_set(why, HOST_FAILED, "unable to make %s: %s", m->dir, strerror(-r));
	return 0;
}

int machine_find(struct machine *m, const char *name, struct fault *why)
{
	char base[MACHINE_DIR];
	int fd = base_open(base, sizeof(base), why);
	bool found;

	if (fd < 0)
		return -1;
	machine_at(m, base, name);
	found = lives(m);
	close(fd);
	if (found)
		return 0;
	return fault_set(why, HOST_FAILED,
			 "unable to find the machine %s: it is not running (landbridge list shows "
			 "those that are)",
			 name);
}

int machines_each(int (*each)(void *owner, const struct machine *m), void *owner, struct fault *why)
{
	char base[MACHINE_DIR];
	struct dirent **entries;
	struct machine m;
	int fd = base_open(base, sizeof(base), why), count, r = 0;

	if (fd < 0)
		return -1;
	count = scandir(base, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		machine_at(&m, base, entries[i]->d_name);
		if (entries[i]->d_name[0] == '.' || !lives(&m))
			entries[i]->d_name[0] = 0;
	}
	close(fd); /* others may start machines, however long the owner takes for each */
	for (int i = 0; i < count; i++) {
		machine_at(&m, base, entries[i]->d_name);
		if (r == 0 && entries[i]->d_name[0])
			r = each(owner, &m);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return r;
}

/* --- status ------------------------------------------------------------------------ */

/* The image comes last: its name may hold anything. */
int machine_tell(const struct machine *m, const struct machine_status *s)
{
	char path[MACHINE_DIR], made[MACHINE_DIR], text[PATH_MAX + 256];
	int r;

	fmt(text, sizeof(text), "%s %d %d %d %s", s->phase, (int)s->supervisor, (int)s->qemu,
	    (int)s->agent, s->image);
	machine_path(m, "status.new", made);
	machine_path(m, "status", path);
	r = file_create(made, text, 0600);
	if (r < 0)
		return r;
	return rename(made, path) < 0 ? -errno : 0;
}

int machine_ask(const struct machine *m, struct machine_status *s)
{
	pid_t *const pids[] = { &s->supervisor, &s->qemu, &s->agent };
	char path[MACHINE_DIR], text[PATH_MAX + 256], *at = text;
	ssize_t len;

	*s = (struct machine_status){ .phase = "starting" };
	machine_path(m, "status", path);
	len = file_read(path, text, sizeof(text));
	if (len < 0)
		return (int)len;
	fmt(s->phase, sizeof(s->phase), "%.*s", (int)strcspn(at, " "), at);
	at += strcspn(at, " ");
	for (size_t i = 0; i < array_len(pids); i++)
		*pids[i] = (pid_t)strtol(at, &at, 10);
	fmt(s->image, sizeof(s->image), "%s", *at ? at + 1 : at);
	return 0;
}
