/* qemu.c: a guest as QEMU's command line. */
#include "interop/host/posix/qemu.h"

#include <string.h>

#include "lib/lib.h"
#include "lib/places.h"

/* A comma separates options, so QEMU wants two of them for one. */
static const char *escape(char *out, size_t size, const char *path)
{
	size_t used = 0;

	for (; *path && used + 2 < size; path++) {
		if (*path == ',')
			out[used++] = ',';
		out[used++] = *path;
	}
	out[used] = '\0';
	return out;
}

enum { ESCAPED = 2 * PATH_MAX };

static void add_machine(struct args *args, const struct qemu *q)
{
	args_add(args, "%s", q->program);
	args_add(args, "-name");
	args_add(args, "%s", q->name);
	args_add(args, "-nodefaults");
	args_add(args, "-no-user-config");
	args_add(args, "-no-reboot");
	args_add(args, "-sandbox");
	args_add(args, "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
	args_add(args, "-display");
	args_add(args, "none");
	args_add(args, "-machine");
	args_add(args, "q35");
	args_add(args, "-accel");
	args_add(args, "%s", q->kvm ? "kvm" : "tcg");
	args_add(args, "-cpu");
	/* Without these two the guest's kernel copies by words and not by `rep movsb`,
	 * which seems to be dear under TCG: bench_bulk was faster so in two runs on a
	 * busy machine. */
	args_add(args, "%s", q->kvm ? "host" : "max,erms=off,fsrm=off");
	args_add(args, "-smp");
	args_add(args, "%u", q->options->cpus);
	args_add(args, "-m");
	args_add(args, "%uM", q->options->memory);
}

/* A port of the guest; where its link is another, it has none. By itself a machine gets this
 * one: every QEMU has it, and root alone opens it in the guest, so it needs no key. */
static const char *port_of(const struct qemu *q)
{
	const char *link = q->options->link;

	return link && strcmp(link, "auto") != 0 ? link : "serial:landbridge.0";
}

/* The link, as the guest calls it. This host's 127.0.0.1 is 10.0.2.2 for it. */
static const char *called(char *out, size_t size, const struct qemu *q)
{
	switch (options_own_link(q->options)) {
	case ADDRESS_TCP:
		fmt(out, size, "tcp:10.0.2.2:%u", q->port);
		return out;
	case ADDRESS_VSOCK:
		fmt(out, size, "vsock:2:%u", q->port);
		return out;
	default:
		return port_of(q);
	}
}

/* The drives that the guest will find on the link, as it need not wait to hear. */
static const char *served(char *out, size_t size, const struct qemu *q)
{
	size_t used = fmt(out, size, " landbridge.drives=");

	if (!options_drives_by_link(q->options) || q->drives->count == 0)
		return "";
	for (size_t i = 0; i < q->drives->count && used < size - 1; i++)
		out[used++] = q->drives->at[i].letter;
	out[used] = '\0';
	return out;
}

static bool has_network(const struct qemu *q)
{
	return !q->options->net || strcmp(q->options->net, "none") != 0;
}

/* The kernel's command line. Under TCG the kernel must not calibrate or doubt
 * the clock, nor spend time on mitigations that mean nothing there. */
static void add_kernel(struct args *args, const struct qemu *q)
{
	const char *emulated = q->kvm ? "" : " tsc=reliable no_timer_check mitigations=off";
	bool dir = q->image->kind == IMAGE_DIR;
	/* QEMU's own network leads to this host's 127.0.0.1, passt's behind a relay does not. */
	const char *host = has_network(q) && q->net < 0 ? " landbridge.host=10.0.2.2" : "";
	/* Said only where what is written stays: a full disk is another matter then. */
	const char *mode = q->options->write ? " rw" : dir ? " ro" : "";
	char root[96] = "", user[80] = "", below[300] = "", drives[64], link[32], zone[96] = "";

	if (dir)
		fmt(root, sizeof(root), " root=landbridge-root rootfstype=9p");
	else if (q->options->partition)
		fmt(root, sizeof(root), " landbridge.partition=%u", q->options->partition);
	if (q->options->subvolume)
		fmt(below, sizeof(below), " landbridge.subvolume=%s",
		    q->options->subvolume + strspn(q->options->subvolume, "/"));
	if (q->options->user)
		fmt(user, sizeof(user), " landbridge.user=%s", q->options->user);
	if (q->timezone[0])
		fmt(zone, sizeof(zone), " landbridge.timezone=%s", q->timezone);
	args_add(args, "-kernel");
	args_add(args, "%s", q->kernel);
	args_add(args, "-initrd");
	args_add(args, "%s", q->initramfs);
	args_add(args, "-append");
	args_add(
		args,
		"console=ttyS0 quiet panic=-1 nokaslr cryptomgr.notests%s%s%s%s landbridge.name=%s%s%s "
		"landbridge.ip=10.0.2.15/24 landbridge.gateway=10.0.2.2 landbridge.dns=10.0.2.3 "
		"landbridge.link=%s%s%s",
		emulated, below, root, mode, q->name, user, zone, called(link, sizeof(link), q),
		host, served(drives, sizeof(drives), q));
}

static void add_share(struct args *args, const char *id, const char *dir, const char *tag, bool ro)
{
	char path[ESCAPED];

	args_add(args, "-fsdev");
	args_add(args, "local,id=%s,path=%s,security_model=none,multidevs=remap%s", id,
		 escape(path, sizeof(path), dir), ro ? ",readonly=on" : "");
	args_add(args, "-device");
	args_add(args, "virtio-9p-pci,fsdev=%s,mount_tag=%s", id, tag);
}

/* Without --write a disk's changes go to a file that nobody else sees and
 * that ends with QEMU. */
static void add_root(struct args *args, const struct qemu *q)
{
	char path[ESCAPED];

	if (q->image->kind == IMAGE_DIR) {
		add_share(args, "root", q->image->path, "landbridge-root", !q->options->write);
		return;
	}
	args_add(args, "-drive");
	args_add(args, "if=none,id=root,format=%s,file=%s%s", disk_format_of_qemu(q->image->format),
		 escape(path, sizeof(path), q->image->path),
		 q->options->write ? ",discard=unmap" : ",snapshot=on");
	args_add(args, "-device");
	args_add(args, "virtio-blk-pci,drive=root");
}

/* Behind the root's: a kernel names them in this order. */
static void add_disks(struct args *args, const struct qemu *q)
{
	char path[ESCAPED];

	for (size_t i = 0; i < q->options->disks.count; i++) {
		const struct disk_file *disk = &q->disks[i];

		args_add(args, "-drive");
		args_add(args, "if=none,id=disk%u,format=%s,file=%s%s", (unsigned)i,
			 disk_format_of_qemu(disk->format), escape(path, sizeof(path), disk->path),
			 disk->read_only ? ",readonly=on" : ",discard=unmap");
		args_add(args, "-device");
		args_add(args, "virtio-blk-pci,drive=disk%u", (unsigned)i);
	}
}

/* An option may come with its value behind a blank. */
static void add_given(struct args *args, const struct qemu *q)
{
	for (size_t i = 0; i < q->options->qemu.count; i++) {
		const char *given = q->options->qemu.at[i];
		size_t len = strcspn(given, " ");

		args_add(args, "%.*s", (int)len, given);
		if (given[len])
			args_add(args, "%s", given + len + 1);
	}
}

/* After the disks, which have their places. */
static void add_modules(struct args *args, const struct qemu *q)
{
	char path[ESCAPED];

	if (!q->modules[0])
		return;
	args_add(args, "-drive");
	args_add(args, "if=none,id=modules,format=raw,readonly=on,file=%s",
		 escape(path, sizeof(path), q->modules));
	args_add(args, "-device");
	args_add(args, "virtio-blk-pci,drive=modules,serial=" LANDBRIDGE_MODULES);
}

static void add_drives(struct args *args, const struct qemu *q)
{
	char id[16], tag[4], given[32];

	if (options_drives_by_link(q->options))
		return;
	fmt(given, sizeof(given), "/proc/self/fd/%d", q->c_dir);
	for (size_t i = 0; i < q->drives->count; i++) {
		const struct drive *drive = &q->drives->at[i];

		fmt(id, sizeof(id), "drive%c", drive->letter);
		fmt(tag, sizeof(tag), "%c:", drive->letter);
		add_share(args, id, drive->letter == 'C' && q->c_dir >= 0 ? given : drive->dir, tag,
			  drive->read_only);
	}
}

/* One that was given, or one on which QEMU listens at the name `id`. */
static void add_socket(struct args *args, const char *id, int fd, bool listens)
{
	char given[16];

	fmt(given, sizeof(given), "fd=%d", fd);
	args_add(args, "-chardev");
	args_add(args, "socket,id=%s,%s%s%s", id, fd < 0 ? "path=" : given, fd < 0 ? id : "",
		 fd < 0 || listens ? ",server=on,wait=off" : "");
}

static void add_port(struct args *args, const struct qemu *q)
{
	add_socket(args, "link", q->link, true);
	args_add(args, "-device");
	args_add(args, "virtio-serial-pci");
	args_add(args, "-device");
	args_add(args, "virtserialport,chardev=link,name=%s", port_of(q) + strlen("serial:"));
}

/* A program that is the device works in the guest's memory. */
static void add_vsock(struct args *args, const struct qemu *q)
{
	char fd[16], kernels[32] = "", given[32] = "path=device";

	if (q->vsock >= 0) {
		fmt(fd, sizeof(fd), "fd=%d", q->vsock);
		fmt(kernels, sizeof(kernels), ",vhost%s", fd);
		fmt(given, sizeof(given), "%s", fd);
	}
	if (q->cid) {
		args_add(args, "-device");
		args_add(args, "vhost-vsock-pci,guest-cid=%u%s", q->cid, kernels);
		return;
	}
	args_add(args, "-object");
	args_add(args, "memory-backend-memfd,id=memory,size=%uM,share=on", q->options->memory);
	args_add(args, "-machine");
	args_add(args, "memory-backend=memory");
	args_add(args, "-chardev");
	args_add(args, "socket,id=vsock,%s", given);
	args_add(args, "-device");
	args_add(args, "vhost-user-vsock-pci,chardev=vsock");
}

static void add_devices(struct args *args, const struct qemu *q)
{
	add_socket(args, "console", q->console, false);
	args_add(args, "-serial");
	args_add(args, "chardev:console");
	if (options_own_link(q->options) == ADDRESS_SERIAL)
		add_port(args, q);
	if (options_own_link(q->options) == ADDRESS_VSOCK)
		add_vsock(args, q);
	args_add(args, "-device");
	args_add(args, "virtio-rng-pci");
	/* What the guest has freed is this host's again. */
	args_add(args, "-device");
	args_add(args, "virtio-balloon-pci,free-page-reporting=on");
}

static void add_network(struct args *args, const struct qemu *q)
{
	if (!has_network(q))
		return;
	args_add(args, "-netdev");
	if (q->net < 0)
		args_add(args, "user,id=net");
	else
		args_add(args, "socket,id=net,fd=%d", q->net);
	args_add(args, "-device");
	args_add(args, "virtio-net-pci,netdev=net,romfile=");
}

void qemu_args(struct args *args, const struct qemu *q)
{
	add_machine(args, q);
	add_kernel(args, q);
	add_root(args, q);
	add_disks(args, q);
	add_modules(args, q);
	add_drives(args, q);
	add_devices(args, q);
	add_network(args, q);
	add_given(args, q);
}
