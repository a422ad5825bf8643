/* qemu.h: the command line of a guest's virtual machine. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_QEMU_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_QEMU_H

#include "interop/host/posix/tool.h"
#include "interop/host/posix/image.h"
#include "interop/host/options.h"
#include "interop/host/posix/where.h"

struct qemu {
	const char *program;
	bool kvm;
	const char *name;
	const struct options *options; /* memory, cpus, partition, user, write */
	const struct drives *drives;
	const struct image *image;
	const struct disk_file *disks; /* as many as the options have */
	const char *kernel, *initramfs;
	const char *modules;  /* a disk with the kernel's modules (module_disk.h); "": none */
	const char *timezone; /* this host's (timezone.h); "": not known */
	/* QEMU's ends: a connected socket for the console, a listening one for the
	 * link; or -1 and QEMU listens itself on a socket "console", "link" in its
	 * directory. */
	int console, link;
	uint32_t port; /* where the agent listens for a link that is TCP or vsock */
	int vsock;     /* its device (vsock.h), or a socket to that; -1: QEMU finds it itself */
	uint32_t cid;  /* the guest's; 0: that of a program's device does not matter */
	int c_dir; /* what C: is where only the agent sees it (wine_enter); -1: as drives says */
	int net;   /* QEMU's end of what carries the network (net_open); -1: it does so itself */
};

/* The program, in PATH. */
#define QEMU "qemu-system-x86_64"

/* Fills args (count stays 0 and `bad` set when memory is short). */
void qemu_args(struct args *args, const struct qemu *qemu);

/* Whether QEMU can really run this kernel under KVM here: a trial, bounded to
 * five seconds, since a /dev/kvm may be there and hang. The answer is kept in
 * home for as long as this boot lasts. */
bool qemu_kvm_works(const char *program, const char *kernel, const struct dirs *dirs);

#endif
