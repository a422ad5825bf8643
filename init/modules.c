/* modules.c: kernel modules, loaded in process. */
#include "init/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "init/machine.h"
#include "init/virtio.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/loop.h"
#include "lib/modules_dep.h"

enum { COMPRESSED_FILE = 4 }; /* MODULE_INIT_COMPRESSED_FILE, linux/module.h */

static int deps_map(struct modules *mods)
{
	int fd = openat(mods->dir, "modules.dep", O_RDONLY | O_CLOEXEC);
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
	mods->deps = text;
	mods->deps_len = (size_t)st.st_size;
	return 0;
}

int step_modules(struct machine *m)
{
	struct utsname u;
	char path[sizeof(u.release) + 16];
	int err;

	uname(&u);
	fmt(path, sizeof(path), "/lib/modules/%s", u.release);
	m->modules.dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (m->modules.dir < 0) {
		boot_note(m->boot, "no %s: drivers must be built into the kernel", path);
		m->virtio = virtio_present();
		return 0;
	}
	err = deps_map(&m->modules);
	if (err < 0)
		return boot_unable(m->boot, err, "read %s/modules.dep", path);
	err = modules_load(m, GUEST_BUS);
	m->virtio = virtio_present();
	return err;
}

void modules_close(struct modules *modules)
{
	if (modules->deps)
		munmap((void *)(uintptr_t)modules->deps, modules->deps_len);
	modules->deps = NULL;
	modules->deps_len = 0;
	fd_close(&modules->dir);
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

static int file_insert(struct machine *m, const char *path)
{
	bool plain = ends_with_ko(path);
	int fd = openat(m->modules.dir, path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return boot_unable(m->boot, -errno, "open the kernel module %s", path);
	err = descriptor_insert(fd, plain);
	close(fd);
	/* ENODEV: a driver that finds nothing here of its kind. */
	if (err == 0 || err == -EEXIST || err == -ENODEV)
		return 0;
	if (!plain && (err == -EOPNOTSUPP || err == -EINVAL || err == -ENOEXEC)) {
		m->boot->hint = "this kernel cannot decompress modules: unpack them";
		return boot_unable(m->boot, err, "load the kernel module %s", path);
	}
	return boot_unable(m->boot, err, "load the kernel module %s", path);
}

static int piece_insert(struct machine *m, struct piece path)
{
	char text[256];

	if (is_loaded(path))
		return 0;
	if (fmt(text, sizeof(text), "%.*s", (int)path.len, path.at) >= sizeof(text))
		return boot_unable(m->boot, -ENAMETOOLONG, "load the kernel module %s", text);
	return file_insert(m, text);
}

static int module_load(struct machine *m, const char *name)
{
	const struct modules *mods = &m->modules;
	struct module_dep line;
	struct piece need;

	if (!mods->deps ||
	    !modules_dep_find((struct piece){ mods->deps, mods->deps_len }, name, &line))
		return 0; /* built in, or the kernel has none: the step will see */
	if (is_loaded(line.path))
		return 0;
	while (modules_dep_last(&line.needs, &need)) {
		int err = piece_insert(m, need);

		if (err < 0)
			return err;
	}
	return piece_insert(m, line.path);
}

int modules_load(struct machine *m, enum guest_group group)
{
	int64_t start = loop_now();
	int err = 0;

	for (const struct guest_module *g = guest_modules; g->name[0] && err == 0; g++)
		if (g->group == group)
			err = module_load(m, g->name);
	m->modules.ms += loop_now() - start;
	return err;
}

int step_extras(struct machine *m)
{
	static const struct {
		enum virtio_device device;
		enum guest_group group;
	} extras[] = {
		{ VIRTIO_RNG, GUEST_RNG },
		{ VIRTIO_BALLOON, GUEST_BALLOON },
	};
	int err = 0;

	for (size_t i = 0; err == 0 && i < array_len(extras); i++)
		if (virtio_has(m->virtio, extras[i].device))
			err = modules_load(m, extras[i].group);
	return err;
}
