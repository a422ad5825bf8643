/* module_disk.c: a kernel's modules as a disk. */
#include "interop/host/posix/module_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* rename */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/host/posix/tool.h"
#include "lib/lib.h"

#define PROGRAM "mksquashfs"

/* An empty file at the disk's place says that a person was told. */
static void without(const char *disk, const char *why)
{
	if (access(disk, F_OK) == 0)
		return;
	note("the guest has no kernel modules but those it boots with: %s", why);
	if (isatty(STDERR_FILENO))
		file_create(disk, "", 0600);
}

/* The least compression: it takes a second, the best one most of a minute. */
static int squash(const char *modules, const char *disk, char *text, size_t size)
{
	char from[PATH_MAX], part[PATH_MAX + 16], program[] = PROGRAM;
	char *argv[] = { program,
			 from,
			 part,
			 (char[]){ "-comp" },
			 (char[]){ "zstd" },
			 (char[]){ "-Xcompression-level" },
			 (char[]){ "1" },
			 (char[]){ "-all-root" },
			 (char[]){ "-no-xattrs" },
			 (char[]){ "-noappend" },
			 (char[]){ "-no-progress" },
			 (char[]){ "-quiet" },
			 NULL };
	int r;

	fmt(from, sizeof(from), "%s", modules);
	fmt(part, sizeof(part), "%s.%d", disk, (int)getpid());
	r = tool_run(argv, text, size);
	if (r == 0 && rename(part, disk) < 0)
		r = -errno;
	if (r != 0)
		unlink(part);
	if (r < 0)
		fmt(text, size, "%s", strerror(-r));
	return r;
}

static void make(const char *modules, const char *disk)
{
	char program[PATH_MAX], text[256] = "", why[400];

	if (path_search(PROGRAM, program, sizeof(program)) < 0) {
		without(disk, PROGRAM " is not installed (squashfs-tools)");
		return;
	}
	note("making a disk of the kernel's modules (once)");
	if (squash(modules, disk, text, sizeof(text)) == 0)
		return;
	fmt(why, sizeof(why), "unable to make %s: %s", disk, text);
	without(disk, why);
}

static bool is_made(const char *disk)
{
	struct stat st;

	return stat(disk, &st) == 0 && st.st_size > 0;
}

void module_disk_find(char disk[PATH_MAX], const char *modules, const struct dirs *dirs)
{
	const char *release = path_base(modules);
	char list[PATH_MAX], others[NAME_MAX + 32];
	struct stat st;

	if (path_format(list, sizeof(list), "%s/modules.dep", modules) < 0 || stat(list, &st) < 0 ||
	    path_format(disk, PATH_MAX, "%s/modules", dirs->home) < 0 || dir_make(disk, 0700) < 0 ||
	    path_format(disk, PATH_MAX, "%s/modules/%s@%llx%08lx.squashfs", dirs->home,
			path_base(modules), (unsigned long long)st.st_mtim.tv_sec,
			st.st_mtim.tv_nsec) < 0) {
		disk[0] = '\0';
		return;
	}
	if (is_made(disk))
		return;
	make(modules, disk);
	fmt(others, sizeof(others), "modules/%s@*", release);
	if (is_made(disk))
		glob_keep(dirs->home, others, disk);
	else
		disk[0] = '\0';
}
