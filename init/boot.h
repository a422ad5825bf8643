/* boot.h: what the boot steps share. Private to init/.
 *
 * PID 1 keeps one struct boot on its stack for ever and uses no heap. A step
 * returns 0 or a negative errno after it has said, with boot_unable, what it
 * could not do; boot_run does the rest.
 */
#ifndef LANDBRIDGE_INIT_BOOT_H
#define LANDBRIDGE_INIT_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "init/cover.h"
#include "init/daemon.h"
#include "init/settings.h"
#include "lib/guest_modules.h"
#include "lib/log.h"

enum boot_form {
	BOOT_INITRAMFS = 1, /* /etc/initrd-release is there: find the root first */
	BOOT_IMAGE = 2,     /* the kernel mounted the root */
	BOOT_CONTAINER = 4, /* PID 1 of a pid namespace */
};

/* A block device that may hold the root. */
struct root_candidate {
	char device[40];
	const char *type;
};

enum { ROOTS_MAX = 16 };

enum { DAEMON_BROKER, DAEMON_P9D, DAEMON_COUNT };

struct boot {
	enum boot_form form;
	struct log log;
	int console;      /* -1: there is none */
	const char *step; /* the name of the one that runs */
	const char *hint; /* what to try when it fails */
	char what[256];   /* what it could not do */
	struct settings settings;

	int modules;      /* their directory, or -1 */
	const char *deps; /* the text of modules.dep, mapped, or NULL */
	size_t deps_len;
	int64_t modules_ms; /* time spent on them */
	uint64_t virtio;    /* a bit for each device id on the bus */

	struct root_candidate roots[ROOTS_MAX];
	size_t root_count;
	int uevents;   /* tells of new devices; -1: closed */
	int initramfs; /* its root directory, until its content is freed; else -1 */
	bool overlay;  /* changes to the root stay in memory */

	struct covers covers;

	struct daemon daemons[DAEMON_COUNT];

	struct settings_text *text; /* behind `settings` */
	int exit_status;            /* of a container's PID 1 */
};

/* Runs the table of steps for the form of boot this is. */
void boot_run(struct boot *b);

/* Notes what the step could not do ("mount /dev/vda1 on /root"); returns err. */
int boot_unable(struct boot *b, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same, with something better to try than the table says. */
int boot_unable_try(struct boot *b, int err, const char *hint, const char *what);

/* A line that is no failure. */
#define boot_note(b, format, ...) log_note(&(b)->log, "%s: " format, (b)->step, __VA_ARGS__)
#define boot_warn(b, format, ...) log_warn(&(b)->log, "%s: " format, (b)->step, __VA_ARGS__)

/* --- the steps, in the order of the table (boot.c) -------------------------- */

int step_namespace(struct boot *b); /* early.c: mounts of its own, for a container */
int step_devices(struct boot *b);   /* pseudo.c: /proc, /sys, /dev, the log */
int step_console(struct boot *b);   /* early.c */
int step_cmdline(struct boot *b);
int step_modules(struct boot *b); /* modules.c */
int step_root(struct boot *b);    /* root.c: which device */
int step_mount(struct boot *b);   /* newroot.c */
int step_switch(struct boot *b);
int step_writable(struct boot *b);
int step_filesystems(struct boot *b); /* pseudo.c */
int step_settings(struct boot *b);    /* early.c: wsl.conf */
int step_limits(struct boot *b);
int step_helpers(struct boot *b); /* etc.c */
int step_hostname(struct boot *b);
int step_network(struct boot *b); /* net.c */
int step_etc(struct boot *b);
int step_fstab(struct boot *b);  /* services.c */
int step_drives(struct boot *b); /* drives.c */
int step_binfmt(struct boot *b); /* services.c */
int step_link(struct boot *b);
int step_p9d(struct boot *b);
int step_command(struct boot *b);
int step_cleanup(struct boot *b); /* newroot.c */

/* --- what they share ------------------------------------------------------------ */

/* modules.c: loads what the image's kernel has of a group. 0 also when it has
 * nothing of it; negative only when a module that is there cannot be loaded. */
int modules_load(struct boot *b, enum guest_group group);
void modules_close(struct boot *b);

/* pseudo.c */
struct pseudo {
	const char *target, *type;
	unsigned long flags;
	const char *data;
	mode_t mode;    /* of the directory, where it must be made */
	unsigned forms; /* enum boot_form */
};
int pseudo_mount(const struct pseudo *p);
bool is_mountpoint(const char *path);

/* virtio.c: a bit for each virtio device id that is on the bus. */
enum {
	VIRTIO_NET = 1,
	VIRTIO_CONSOLE = 3,
	VIRTIO_RNG = 4,
	VIRTIO_9P = 9,
	VIRTIO_VSOCK = 19,
	VIRTIO_FS = 26,
};
uint64_t virtio_present(void);

/* newroot.c: where the root is mounted before the switch. */
#define NEWROOT "/newroot"

/* power.c */
enum power { POWER_OFF, POWER_REBOOT };
_Noreturn void power_down(struct boot *b, enum power how);

/* emergency.c: a shell on the console, then power-off. */
_Noreturn void emergency(struct boot *b);

#endif
