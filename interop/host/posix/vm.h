/* vm.h: one guest's virtual machine and the files that go with it. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_VM_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_VM_H

#include "interop/host/posix/qemu.h"

struct vm {
	const struct options *options;
	const struct image *image;
	const struct dirs *dirs;
	char program[PATH_MAX]; /* QEMU */
	bool kvm;
	char name[64];
	char kernel[PATH_MAX], modules[PATH_MAX]; /* modules "": none */
	char dir[64];       /* of this run: sockets, initramfs; "": none yet */
	char log[PATH_MAX]; /* the guest's console */
	int console, link;  /* listening sockets, QEMU's in the end */
	pid_t pid;          /* QEMU's; 0: not running */
};

/* Finds QEMU and the kernel, made now if need be. Nothing is started. The
 * three must outlive the vm. */
int vm_prepare(struct vm *vm, const struct options *options, const struct image *image,
	       const struct dirs *dirs, struct fault *why);

/* Prints QEMU's command line, quoted for a shell. */
int vm_print(const struct vm *vm, struct fault *why);

/* Makes the run's directory, sockets and initramfs, and starts QEMU. */
int vm_start(struct vm *vm, struct fault *why);

/* "DIR/NAME" of this run. */
void vm_path(const struct vm *vm, const char *name, char *out, size_t size);

/* The last line QEMU said itself; false: nothing. */
bool vm_complaint(const struct vm *vm, char *out, size_t size);

/* Whether the guest's console said anything. */
bool vm_has_log(const struct vm *vm);

/* The initramfs is in the guest's memory. */
void vm_is_up(const struct vm *vm);

/* Removes the run's directory, and the log too unless it is to be kept. */
void vm_clean(struct vm *vm, bool keep_log);

#endif
