/* initramfs_command.c: landbridge initramfs: what a hypervisor that is not ours boots. */
#include <errno.h>
#include <stdio.h> /* rename */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interop/host/posix/commands.h"
#include "interop/host/posix/initramfs.h"
#include "interop/host/posix/vm.h"
#include "lib/guest_modules.h"
#include "lib/lib.h"

/* A key is read as whoever uses it reads it: one that will not do is said now. */
static int key_take(const char *path, char text[KEY_TEXT_MAX], size_t *len, struct fault *why)
{
	struct key key;
	int error = key_load(&key, path);

	if (error)
		return fault_set(why, HOST_FAILED, "unable to use the key %s: %s", path,
				 key_why(error));
	*len = key_format(&key, text, KEY_TEXT_MAX);
	key_forget(&key);
	return 0;
}

/* Under another name first: one that is there may be in use, and its mode is not ours. */
static int write_as(const char *path, const struct initramfs *initramfs, struct fault *why)
{
	char made[PATH_MAX];

	if (path_format(made, sizeof(made), "%s.new", path) < 0)
		return fault_set(why, HOST_FAILED, "unable to write %s: its name is too long",
				 path);
	unlink(made);
	if (initramfs_write(made, initramfs, why) == 0 && rename(made, path) < 0)
		fault_set(why, HOST_FAILED, "unable to write %s: %s", path, strerror(errno));
	if (why->status)
		unlink(made);
	return why->status ? -1 : 0;
}

/* Its root and its devices are not known: all modules that /init asks for. */
static int initramfs_make(struct vm *vm, struct fault *why)
{
	char init[PATH_MAX + 8], key[KEY_TEXT_MAX];
	const struct options *o = vm->options;
	struct initramfs initramfs = { .init = init,
				       .modules = vm->modules[0] ? vm->modules : NULL,
				       .groups = (1U << GUEST_GROUPS) - 1 };
	int r = 0;

	fmt(init, sizeof(init), "%s/init", vm->dirs->data);
	if (o->key) {
		initramfs.key = key;
		r = key_take(o->key, key, &initramfs.key_len, why);
	}
	if (r == 0)
		r = write_as(o->output, &initramfs, why);
	explicit_bzero(key, sizeof(key));
	return r;
}

static int initramfs_command(struct vm *vm, struct dirs *dirs, struct fault *why)
{
	char text[PATH_MAX + 256];
	size_t len;

	vm->dirs = dirs;
	if (dirs_find(dirs, why) < 0 || vm_find_kernel(vm, why) < 0 || initramfs_make(vm, why) < 0)
		return -1;
	len = fmt(text, sizeof(text),
		  "# Boot it with %s\n"
		  "# and on that one's command line, besides root= and console=:\n"
		  "landbridge.link=" LANDBRIDGE_LINK "\n",
		  vm->kernel);
	return fd_write_all(STDOUT_FILENO, text, len) < 0
		       ? fault_set(why, HOST_FAILED, "unable to say how to boot %s",
				   vm->options->output)
		       : 0;
}

int initramfs_main(const struct options *options)
{
	struct vm vm = { .options = options };
	struct fault why = { 0 };
	struct dirs dirs;

	return initramfs_command(&vm, &dirs, &why) < 0 ? fault_print(&why) : 0;
}
