/* modules.c: kernel modules, loaded in process. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "init/boot.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/loop.h"
#include "lib/modules_dep.h"

enum { COMPRESSED_FILE = 4 }; /* MODULE_INIT_COMPRESSED_FILE, linux/module.h */

static int deps_map(struct boot *b)
{
	int fd = openat(b->modules, "modules.dep", O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *text;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || st.st_size == 0) {
		close(fd);
		return 0; /* an empty list: all is built in */
	}
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (text == MAP_FAILED)
		return -errno;
	b->deps = text;
	b->deps_len = (size_t)st.st_size;
	return 0;
}

int step_modules(struct boot *b)
{
	struct utsname u;
	char path[sizeof(u.release) + 16];
	int err;

	uname(&u);
	fmt(path, sizeof(path), "/lib/modules/%s", u.release);
	b->modules = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (b->modules < 0) {
		boot_note(b, "no %s: drivers must be built into the kernel", path);
		b->virtio = virtio_present();
		return 0;
	}
	err = deps_map(b);
	if (err < 0)
		return boot_unable(b, err, "read %s/modules.dep", path);
	err = modules_load(b, GUEST_BUS);
	b->virtio = virtio_present();
	return err;
}

void modules_close(struct boot *b)
{
	if (b->deps)
		munmap((void *)(uintptr_t)b->deps, b->deps_len);
	b->deps = NULL;
	b->deps_len = 0;
	if (b->modules >= 0)
		close(b->modules);
	b->modules = -1;
}

static bool is_loaded(struct piece path)
{
	char sys[96] = "/sys/module/";
	size_t at = strlen(sys);

	module_name(path, sys + at, sizeof(sys) - at);
	return access(sys, F_OK) == 0;
}

static bool ends_with_ko(const char *path)
{
	size_t len = strlen(path);

	return len > 3 && strcmp(path + len - 3, ".ko") == 0;
}

/* The kernel spends three quarters of a module's loading on its signature
 * (SHA-256 of all of it, RSA), though few ask it to insist on one. So it gets
 * the module without, and all of it only if it says no to that. */
static int unsigned_insert(int fd)
{
	struct stat st;
	size_t len;
	char *file;
	int err;

	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return -ENOEXEC;
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		return -errno;
	len = module_unsigned(file, (size_t)st.st_size);
	err = len < (size_t)st.st_size && syscall(SYS_init_module, file, len, "") == 0 ? 0
										       : -ENOKEY;
	munmap(file, (size_t)st.st_size);
	return err;
}

static int descriptor_insert(int fd, bool plain)
{
	if (plain && unsigned_insert(fd) == 0)
		return 0;
	return syscall(SYS_finit_module, fd, "", plain ? 0 : COMPRESSED_FILE) < 0 ? -errno : 0;
}

static int file_insert(struct boot *b, const char *path)
{
	bool plain = ends_with_ko(path);
	int fd = openat(b->modules, path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return boot_unable(b, -errno, "open the kernel module %s", path);
	err = descriptor_insert(fd, plain);
	close(fd);
	/* ENODEV: a driver that finds nothing here of its kind. */
	if (err == 0 || err == -EEXIST || err == -ENODEV)
		return 0;
	if (!plain && (err == -EOPNOTSUPP || err == -EINVAL || err == -ENOEXEC)) {
		boot_unable(b, err, "load the compressed kernel module %s", path);
		b->hint = "this kernel cannot decompress modules: unpack them";
		return err;
	}
	return boot_unable(b, err, "load the kernel module %s", path);
}

static int piece_insert(struct boot *b, struct piece path)
{
	char text[256];

	if (is_loaded(path))
		return 0;
	if (fmt(text, sizeof(text), "%.*s", (int)path.len, path.at) >= sizeof(text))
		return boot_unable(b, -ENAMETOOLONG, "load the kernel module %s...", text);
	return file_insert(b, text);
}

static int module_load(struct boot *b, const char *name)
{
	struct module_dep line;
	struct piece need;

	if (!modules_dep_find((struct piece){ b->deps, b->deps_len }, name, &line))
		return 0; /* built in, or the kernel has none: the step will see */
	if (is_loaded(line.path))
		return 0;
	while (modules_dep_last(&line.needs, &need)) {
		int err = piece_insert(b, need);

		if (err < 0)
			return err;
	}
	return piece_insert(b, line.path);
}

int modules_load(struct boot *b, enum guest_group group)
{
	int64_t start = loop_now();
	int err = 0;

	for (const struct guest_module *m = guest_modules; m->name[0] && err == 0; m++)
		if (m->group == group)
			err = module_load(b, m->name);
	b->modules_ms += loop_now() - start;
	return err;
}
