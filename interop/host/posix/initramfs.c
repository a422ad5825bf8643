/* initramfs.c: writes the first file system of a guest. */
#include "interop/host/posix/initramfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/guest_modules.h"
#include "lib/lib.h"
#include "lib/modules_dep.h"

enum { PATHS_MAX = 256, CPIO_HEADER = 110 };

ssize_t cpio_header(char *out, size_t size, const struct cpio_entry *e)
{
	size_t name = strlen(e->name) + 1, len = (CPIO_HEADER + name + 3) & ~(size_t)3;

	if (len > size)
		return -ENAMETOOLONG;
	memset(out, 0, len);
	/* magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor,
	 * devminor, rdevmajor, rdevminor, namesize, check */
	fmt(out, size, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", e->ino,
	    e->mode, 0U, 0U, 1U, 0U, e->size, 0U, 0U, 0U, 0U, (unsigned)name, 0U);
	memcpy(out + CPIO_HEADER, e->name, name);
	return (ssize_t)len;
}

/* The archive being written; the first error stays. */
struct archive {
	int fd;
	uint32_t ino;
	int error;
};

static void put(struct archive *a, const void *data, size_t len)
{
	static const char zeros[4];

	if (!a->error)
		a->error = fd_write_all(a->fd, data, len);
	if (!a->error && len % 4)
		a->error = fd_write_all(a->fd, zeros, 4 - len % 4);
}

static void put_entry(struct archive *a, const char *name, mode_t mode, const void *data,
		      size_t len)
{
	struct cpio_entry entry = { ++a->ino, mode, (uint32_t)len, name };
	char header[CPIO_HEADER + PATH_MAX + 4];
	ssize_t n = cpio_header(header, sizeof(header), &entry);

	if (n < 0)
		a->error = a->error ? a->error : (int)n;
	else
		put(a, header, (size_t)n);
	put(a, data, len);
}

/* A host file as an entry. 0 or negative errno, of the host file. */
static int put_file(struct archive *a, const char *name, mode_t mode, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
	struct stat st = { 0 };
	void *data;

	if (fd < 0 || fstat(fd, &st) < 0)
		error = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size > INT32_MAX)
		error = -EINVAL;
	if (error) {
		fd_close(&fd);
		return error;
	}
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED)
		return -errno;
	put_entry(a, name, S_IFREG | mode, data, (size_t)st.st_size);
	munmap(data, (size_t)st.st_size);
	return 0;
}

/* The files that modules.dep names for what is wanted, and their lines. */
struct wanted {
	char *text; /* modules.dep */
	size_t len;
	struct piece path[PATHS_MAX]; /* in text */
	size_t count;
	struct writer lines;
	bool full;
};

static bool wanted_has(const struct wanted *w, struct piece path)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->path[i].len == path.len && memcmp(w->path[i].at, path.at, path.len) == 0)
			return true;
	return false;
}

static void wanted_add(struct wanted *w, struct piece path)
{
	if (wanted_has(w, path))
		return;
	if (w->count == PATHS_MAX)
		w->full = true;
	else
		w->path[w->count++] = path;
}

static void wanted_module(struct wanted *w, const char *name)
{
	struct module_dep line;
	struct piece need;

	if (!modules_dep_find((struct piece){ w->text, w->len }, name, &line))
		return;
	wanted_add(w, line.path);
	while (modules_dep_last(&line.needs, &need))
		wanted_add(w, need);
}

/* Keeps the lines of all files that are wanted: each can be asked for by name. */
static int wanted_lines(struct wanted *w)
{
	struct piece text = { w->text, w->len };
	struct module_dep line;

	writer_init(&w->lines, malloc(w->len + 1), w->len + 1);
	if (!w->lines.base)
		return -ENOMEM;
	while (modules_dep_next(&text, &line)) {
		if (!wanted_has(w, line.path))
			continue;
		write_bytes(&w->lines, line.path.at, line.path.len + 1 + line.needs.len);
		write_u8(&w->lines, '\n');
	}
	return 0;
}

static int wanted_load(struct wanted *w, const char *dir, unsigned groups)
{
	char path[PATH_MAX];
	ssize_t len;

	if (path_format(path, sizeof(path), "%s/modules.dep", dir) < 0)
		return -ENAMETOOLONG;
	len = file_load(path, &w->text);
	if (len < 0)
		return (int)len;
	w->len = (size_t)len;
	for (const struct guest_module *m = guest_modules; m->name[0]; m++)
		if (groups & 1U << m->group)
			wanted_module(w, m->name);
	return w->full ? -E2BIG : wanted_lines(w);
}

/* The directories above file i that no file before it has brought. */
static void put_dirs(struct archive *a, const struct wanted *w, size_t i, const char *under)
{
	const char *path = w->path[i].at;
	char name[PATH_MAX];
	size_t len, j;

	for (len = 0; len < w->path[i].len; len++) {
		if (path[len] != '/')
			continue;
		for (j = 0; j < i; j++)
			if (w->path[j].len > len && memcmp(w->path[j].at, path, len + 1) == 0)
				break;
		fmt(name, sizeof(name), "%s/%.*s", under, (int)len, path);
		if (j == i)
			put_entry(a, name, S_IFDIR | 0755, NULL, 0);
	}
}

static int put_modules(struct archive *a, const struct wanted *w, const char *dir,
		       struct fault *why)
{
	char under[NAME_MAX + 16], name[PATH_MAX], file[PATH_MAX];
	int r;

	put_entry(a, "lib", S_IFDIR | 0755, NULL, 0);
	put_entry(a, "lib/modules", S_IFDIR | 0755, NULL, 0);
	fmt(under, sizeof(under), "lib/modules/%s", path_base(dir));
	put_entry(a, under, S_IFDIR | 0755, NULL, 0);
	fmt(name, sizeof(name), "%s/modules.dep", under);
	put_entry(a, name, S_IFREG | 0644, w->lines.base, w->lines.used);
	for (size_t i = 0; i < w->count; i++) {
		put_dirs(a, w, i, under);
		fmt(name, sizeof(name), "%s/%.*s", under, (int)w->path[i].len, w->path[i].at);
		fmt(file, sizeof(file), "%s/%.*s", dir, (int)w->path[i].len, w->path[i].at);
		r = put_file(a, name, 0644, file);
		if (r < 0)
			return fault_set(why, HOST_FAILED, "unable to read %s: %s", file,
					 strerror(-r));
	}
	return 0;
}

static int modules_write(struct archive *a, const struct initramfs *initramfs, struct fault *why)
{
	struct wanted w = { 0 };
	int r = wanted_load(&w, initramfs->modules, initramfs->groups);

	if (r < 0)
		fault_set(why, HOST_FAILED, "unable to read %s/modules.dep: %s", initramfs->modules,
			  strerror(-r));
	else
		r = put_modules(a, &w, initramfs->modules, why);
	free(w.text);
	free(w.lines.base);
	return r;
}

static int archive_write(struct archive *a, const struct initramfs *initramfs, struct fault *why)
{
	static const char release[] = "NAME=Landbridge\n";
	int r;

	put_entry(a, "dev", S_IFDIR | 0755, NULL, 0);
	put_entry(a, "etc", S_IFDIR | 0755, NULL, 0);
	put_entry(a, "etc/initrd-release", S_IFREG | 0644, release, sizeof(release) - 1);
	r = put_file(a, "init", 0755, initramfs->init);
	if (r < 0)
		return fault_set(why, HOST_FAILED, "unable to read %s: %s", initramfs->init,
				 strerror(-r));
	if (initramfs->key)
		put_entry(a, &LANDBRIDGE_INITRAMFS_KEY[1], S_IFREG | 0600, initramfs->key,
			  initramfs->key_len);
	if (initramfs->modules && modules_write(a, initramfs, why) < 0)
		return -1;
	put_entry(a, "TRAILER!!!", 0, NULL, 0);
	return 0;
}

int initramfs_write(const char *path, const struct initramfs *initramfs, struct fault *why)
{
	struct archive a = { .fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) };
	int r;

	if (a.fd < 0)
		return fault_set(why, HOST_FAILED, "unable to write %s: %s", path, strerror(errno));
	r = archive_write(&a, initramfs, why);
	if (close(a.fd) < 0 && !a.error)
		a.error = -errno;
	if (r == 0 && a.error)
		return fault_set(why, HOST_FAILED, "unable to write %s: %s", path,
				 strerror(-a.error));
	return r;
}
