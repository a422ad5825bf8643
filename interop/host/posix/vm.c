/* vm.c: gathers what a virtual machine needs and starts QEMU. */
#include "interop/host/posix/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/host/posix/guard.h"
#include "interop/host/posix/initramfs.h"
#include "interop/host/posix/module_disk.h"
#include "interop/host/posix/script.h"
#include "lib/guest_modules.h"
#include "lib/lib.h"
#include "lib/text.h"

#define BIT(group) (1U << (group))

/* An ELF that PVH can enter, or a bzImage (kernel document x86/boot). */
static int kernel_check(const char *path, struct fault *why)
{
	enum { HEADER = 0x206 };
	uint8_t head[HEADER];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : fd_read_full(fd, head, sizeof(head));

	fd_close(&fd);
	if (n < 0)
		return fault_set(why, HOST_FAILED, "unable to read the kernel %s: %s", path,
				 strerror((int)-n));
	if (n == HEADER && (memcmp(head,
				   "\x7f"
				   "ELF",
				   4) == 0 ||
			    memcmp(head + 0x202, "HdrS", 4) == 0))
		return 0;
	return fault_set(why, HOST_FAILED,
			 "unable to boot the kernel %s: not a Linux kernel for x86", path);
}

static int modules_given(struct vm *vm, const char *path, struct fault *why)
{
	char deps[PATH_MAX + 16];

	if (!realpath(path, vm->modules))
		return fault_set(why, HOST_FAILED, "unable to use the modules in %s: %s", path,
				 strerror(errno));
	fmt(deps, sizeof(deps), "%s/modules.dep", vm->modules);
	if (access(deps, R_OK) < 0)
		return fault_set(
			why, HOST_FAILED,
			"unable to read %s: %s (give the directory that is named after the kernel's "
			"release)",
			deps, strerror(errno));
	return 0;
}

/* A kernel as scripts/fetch-kernel leaves it: DIR/vmlinux, DIR/modules/RELEASE. */
static bool kernel_in(struct vm *vm, const char *top)
{
	glob_t found;

	if (path_format(vm->kernel, sizeof(vm->kernel), "%s/kernel/vmlinux", top) < 0 ||
	    access(vm->kernel, R_OK) < 0 ||
	    glob_in(top, "kernel/modules/*/modules.dep", &found) < 0)
		return false;
	fmt(vm->modules, sizeof(vm->modules), "%s", found.gl_pathv[0]);
	*strrchr(vm->modules, '/') = '\0';
	globfree(&found);
	return true;
}

bool vm_has_kernel(struct vm *vm)
{
	return kernel_in(vm, vm->dirs->data) || kernel_in(vm, vm->dirs->home);
}

int vm_find_kernel(struct vm *vm, struct fault *why)
{
	const struct options *o = vm->options;
	const struct dirs *dirs = vm->dirs;
	struct script fetch = { .name = "fetch-kernel", .out = -1 };

	if (o->kernel) {
		if (!realpath(o->kernel, vm->kernel))
			return fault_set(why, HOST_FAILED, "unable to read the kernel %s: %s",
					 o->kernel, strerror(errno));
		if (o->modules && modules_given(vm, o->modules, why) < 0)
			return -1;
		return kernel_check(vm->kernel, why);
	}
	if (vm_has_kernel(vm))
		return 0;
	note("fetching Debian's kernel (once)");
	args_add(&fetch.args, "%s/kernel", dirs->home);
	if (script_run(&fetch, dirs, why) < 0)
		return -1;
	return vm_has_kernel(vm)
		       ? 0
		       : fault_set(why, HOST_FAILED, "unable to fetch a kernel: %s", fetch.said);
}

int vm_prepare(struct vm *vm, struct fault *why)
{
	const struct options *o = vm->options;

	vm->console = -1;
	fmt(vm->name, sizeof(vm->name), "%s", o->name ? o->name : vm->image->name);
	if (path_search(QEMU, vm->program, sizeof(vm->program)) < 0)
		return fault_set(why, HOST_FAILED,
				 "unable to find " QEMU ": install qemu-system-x86");
	if (vm_find_kernel(vm, why) < 0)
		return -1;
	timezone_find(vm->timezone);
	if (vm->modules[0])
		module_disk_find(vm->module_disk, vm->modules, vm->dirs);
	vm->kvm = qemu_kvm_works(vm->program, vm->kernel, vm->dirs);
	return options_own_link(o) == ADDRESS_VSOCK
		       ? vsock_find(&vm->vsock, &vm->ends[VM_VSOCK], why)
		       : 0;
}

static struct qemu command(const struct vm *vm)
{
	return (struct qemu){ .program = vm->program,
			      .kvm = vm->kvm,
			      .name = vm->name,
			      .options = vm->options,
			      .drives = vm->drives,
			      .image = vm->image,
			      .disks = vm->disks,
			      .kernel = vm->kernel,
			      .modules = vm->module_disk,
			      .timezone = vm->timezone,
			      .console = vm->ends[VM_CONSOLE],
			      .link = vm->ends[VM_LINK],
			      .port = vm->at.port,
			      .vsock = vm->ends[VM_VSOCK],
			      .cid = vm->vsock.cid,
			      .net = vm->ends[VM_NET],
			      .c_dir = vm->ends[VM_C] };
}

/* One word as a shell reads it back. */
static void put_word(struct writer *w, const char *word)
{
	if (*word && ascii_span(word, "@%+=:,./_-") == strlen(word)) {
		write_bytes(w, word, strlen(word));
		return;
	}
	write_u8(w, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			write_bytes(w, "'\\'", 3);
		write_u8(w, (uint8_t)*word);
	}
	write_u8(w, '\'');
}

int vm_print(const struct vm *vm, struct fault *why)
{
	struct qemu q = command(vm);
	struct args args = { 0 };
	size_t size = 64 * 1024 + 8 * PATH_MAX * DRIVES_MAX;
	char *text = malloc(size);
	struct writer w;

	q.initramfs = "initramfs";
	q.vsock = -1;
	qemu_args(&args, &q);
	writer_init(&w, text, text ? size : 0);
	for (size_t i = 0; i < args.count; i++) {
		put_word(&w, args.at[i]);
		write_u8(&w, i + 1 < args.count ? ' ' : '\n');
	}
	if (args.bad || w.bad)
		fault_set(why, HOST_FAILED, "unable to print the command line: no memory");
	else
		fd_write_all(STDOUT_FILENO, text, w.used);
	args_free(&args);
	free(text);
	return why->status ? -1 : 0;
}

/* What the guest will ask for, of lib/guest_modules.h. */
static unsigned groups_for(const struct vm *vm)
{
	/* Drives may come over the link later. */
	return BIT(GUEST_BUS) | BIT(GUEST_NET) | BIT(GUEST_LINK) | BIT(GUEST_RNG) |
	       BIT(GUEST_BALLOON) | BIT(GUEST_BUTTON) | BIT(GUEST_BINFMT) | BIT(GUEST_FUSE) |
	       vm->image->groups |
	       (options_own_link(vm->options) == ADDRESS_VSOCK ? BIT(GUEST_VSOCK) : 0) |
	       (vm->module_disk[0] ? BIT(GUEST_DISK) | BIT(GUEST_FS_SQUASHFS) : 0) |
	       (options_drives_by_link(vm->options) ? 0 : BIT(GUEST_9P));
}

static int initramfs_make(const struct vm *vm, const char *path, struct fault *why)
{
	char init[PATH_MAX + 8];
	char key[KEY_TEXT_MAX];
	struct initramfs initramfs = { .init = init,
				       .modules = vm->modules[0] ? vm->modules : NULL,
				       .groups = groups_for(vm) };
	int r;

	fmt(init, sizeof(init), "%s/init", vm->dirs->data);
	if (options_own_link(vm->options) != ADDRESS_SERIAL) {
		initramfs.key = key;
		initramfs.key_len = key_format(&vm->guest_key, key, sizeof(key));
	}
	r = initramfs_write(path, &initramfs, why);
	explicit_bzero(key, sizeof(key));
	return r;
}

static int qemu_start(struct vm *vm, const struct args *args, struct fault *why)
{
	int keep[VM_ENDS];
	struct tool tool = { .program = vm->program,
			     .argv = args->at,
			     .in = -1,
			     .keep = keep,
			     .death_signal = SIGKILL,
			     .before = guard_files };
	char path[MACHINE_DIR];
	pid_t pid;

	for (size_t i = 0; i < VM_ENDS; i++)
		if (vm->ends[i] >= 0)
			keep[tool.keep_count++] = vm->ends[i];
	if (vm->image->kind == IMAGE_DIR && vm->options->write)
		tool.before = guard_devices;
	machine_path(vm->machine, "qemu.err", path);
	tool.err = tool.out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	pid = args->bad ? -ENOMEM : tool_start(&tool);
	fd_close(&tool.err);
	if (pid < 0)
		return fault_set(why, HOST_FAILED, "unable to start %s: %s", vm->program,
				 strerror(-pid));
	vm->pid = pid;
	return 0;
}

static int port_open(struct vm *vm, struct fault *why)
{
	char path[MACHINE_DIR];

	machine_path(vm->machine, "link", path);
	vm->ends[VM_LINK] = unix_listen(path, 0600, 1);
	return vm->ends[VM_LINK] < 0 ? fault_set(why, HOST_FAILED, "unable to listen on %s: %s",
						 path, strerror(-vm->ends[VM_LINK]))
				     : 0;
}

/* The keys are this machine's, and no file has them but the initramfs. */
static int door_open(struct vm *vm, struct fault *why)
{
	uint8_t random[2 * KEY_SEED];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return fault_set(why, HOST_FAILED, "unable to make keys: %s", strerror(errno));
	key_make_pair(&vm->host_key, &vm->guest_key, random, 0);
	explicit_bzero(random, sizeof(random));
	if (options_own_link(vm->options) == ADDRESS_VSOCK) {
		vm->door = vsock_door(&vm->vsock, vm->machine, &vm->at);
	} else {
		vm->at = (struct address){ .kind = ADDRESS_TCP, .name = "127.0.0.1" };
		vm->door = link_listen(&vm->at);
	}
	if (vm->door < 0)
		return fault_set(why, HOST_FAILED, "unable to listen for the guest: %s",
				 link_why(vm->door));
	return options_own_link(vm->options) == ADDRESS_VSOCK
		       ? vsock_start(&vm->vsock, vm->machine, &vm->ends[VM_VSOCK], why)
		       : 0;
}

/* QEMU's ends of the console, which is a pair with ours, and of the link, on
 * which it listens, so that whoever serves the guest may go and come back. */
int vm_listen(struct vm *vm, struct fault *why)
{
	int pair[2];

	if ((options_own_link(vm->options) == ADDRESS_SERIAL ? port_open(vm, why)
							     : door_open(vm, why)) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return fault_set(why, HOST_FAILED, "unable to make the guest's console: %s",
				 strerror(errno));
	vm->console = pair[0];
	vm->ends[VM_CONSOLE] = pair[1];
	return fd_set_nonblock(vm->console);
}

int vm_start(struct vm *vm, struct fault *why)
{
	struct qemu q = command(vm);
	struct args args = { 0 };
	char initramfs[MACHINE_DIR];
	int r;

	machine_path(vm->machine, "initramfs", initramfs);
	r = initramfs_make(vm, initramfs, why);
	if (r == 0) {
		q.initramfs = initramfs;
		qemu_args(&args, &q);
		r = qemu_start(vm, &args, why);
		args_free(&args);
	}
	vm_close(vm);
	key_forget(&vm->guest_key);
	return r;
}

static void end(pid_t *pid, int64_t ms)
{
	if (*pid > 0) {
		kill(*pid, SIGKILL);
		child_wait(*pid, ms);
	}
	*pid = 0;
}

void vm_end(struct vm *vm, int64_t ms)
{
	end(&vm->pid, ms);
	end(&vm->vsock.pid, ms);
}

void vm_close(struct vm *vm)
{
	for (size_t i = 0; i < VM_ENDS; i++)
		fd_close(&vm->ends[i]);
	fd_close(&vm->door);
}

bool vm_complaint(const struct vm *vm, char *out, size_t size)
{
	char path[MACHINE_DIR], text[4096];

	machine_path(vm->machine, "qemu.err", path);
	if (file_read(path, text, sizeof(text)) <= 0)
		return false;
	text_last_line(text);
	fmt(out, size, "%s", text);
	return *text;
}

void vm_is_up(const struct vm *vm)
{
	char path[MACHINE_DIR];

	machine_path(vm->machine, "initramfs", path);
	unlink(path);
}
