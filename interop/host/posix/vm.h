/* vm.h: QEMU with one guest in it. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_VM_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_VM_H

#include "interop/host/posix/machine.h"
#include "interop/host/posix/qemu.h"
#include "interop/host/posix/timezone.h"
#include "interop/host/posix/vsock.h"
#include "interop/link/link.h"

/* Descriptors that QEMU inherits. */
enum vm_end {
	VM_CONSOLE, /* a connected socket */
	VM_LINK,    /* a listening one */
	VM_NET,     /* a socket to what carries the network (net_open); else QEMU does */
	VM_VSOCK,   /* the vsock device, or a socket to it */
	VM_C,       /* the directory that is C:, where only the agent has a path to it */
	VM_ENDS
};

struct vm {
	const struct options *options;
	const struct drives *drives;
	const struct image *image;
	const struct disk_file *disks; /* as many as the options have */
	const struct dirs *dirs;
	const struct machine *machine; /* where it runs, from vm_start on */
	char program[PATH_MAX];        /* QEMU */
	bool kvm;
	char name[64];                            /* the guest's */
	char kernel[PATH_MAX], modules[PATH_MAX]; /* modules "": none */
	char module_disk[PATH_MAX];               /* the same for the guest; "": none */
	char timezone[TIMEZONE_MAX];
	int console;       /* our end of the guest's console, non-blocking; -1: none */
	int ends[VM_ENDS]; /* QEMU's, until it has them; -1: none */
	/* Of a link that is TCP or vsock: where its agent listens, and a key for each half. */
	int door; /* the agent's, until it has it; -1: none */
	struct address at;
	struct key host_key, guest_key;
	struct vsock vsock;
	pid_t pid; /* QEMU's; 0: not running */
};

/* Finds the kernel and its modules: what options ask for, or Debian's, fetched now if
 * need be. Of the vm, options and dirs are set. */
int vm_find_kernel(struct vm *vm, struct fault *why);

/* Whether Debian's is there already: it is the vm's then. Of the vm, dirs is set. */
bool vm_has_kernel(struct vm *vm);

/* Finds QEMU and the kernel, made now if need be. Nothing is started. Of the
 * vm, options, drives, image, disks and dirs are set, and must outlive it. */
int vm_prepare(struct vm *vm, struct fault *why);

/* Prints QEMU's command line, quoted for a shell. */
int vm_print(const struct vm *vm, struct fault *why);

/* Makes link and console, so that whoever serves the guest can start. */
int vm_listen(struct vm *vm, struct fault *why);

/* Makes the initramfs in the machine's directory, and starts QEMU. */
int vm_start(struct vm *vm, struct fault *why);

/* Kills it, and waits for that as long as may be. */
void vm_end(struct vm *vm, int64_t ms);

/* Closes the ends that are still open. */
void vm_close(struct vm *vm);

/* The last line QEMU said itself; false: nothing. */
bool vm_complaint(const struct vm *vm, char *out, size_t size);

/* The initramfs is in the guest's memory. */
void vm_is_up(const struct vm *vm);

#endif
