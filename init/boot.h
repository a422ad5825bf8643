/* boot.h: how a boot goes, and what every step of it may say.
 *
 * A boot is two lists of named steps (boot.c), run one after the other: the
 * machine's (struct machine) and a distribution's (struct distro). A step is
 * declared by the header of the file that has it. It returns 0, or a negative
 * errno after it has said, with boot_unable, what it could not do; boot_run
 * does the rest. PID 1 keeps all three structs on its stack for ever and uses
 * no heap.
 */
#ifndef LANDBRIDGE_INIT_BOOT_H
#define LANDBRIDGE_INIT_BOOT_H

#include "lib/log.h"

struct machine;
struct distro;

enum boot_form {
	BOOT_INITRAMFS = 1, /* /etc/initrd-release is there: find the root first */
	BOOT_IMAGE = 2,     /* the kernel mounted the root */
	BOOT_CONTAINER = 4, /* PID 1 of a pid namespace */
};

enum {
	BOOT_MACHINE = BOOT_INITRAMFS | BOOT_IMAGE,
	BOOT_ANY = BOOT_INITRAMFS | BOOT_IMAGE | BOOT_CONTAINER,
};

struct boot {
	enum boot_form form;
	struct log log;     /* the kernel's; in a container: standard error */
	int console;        /* for a shell; -1: there is none */
	const char *step;   /* the name of the one that runs */
	const char *hint;   /* what to try when it fails */
	const char *reason; /* why it did, where that is no errno; else NULL */
	char what[256];     /* what it could not do */
	int exit_status;    /* of a container's PID 1 */
};

/* Runs both tables for this form of boot. */
void boot_run(struct machine *m, struct distro *d);

/* Notes what the step could not do ("mount /dev/vda1 on /root"); returns err. */
int boot_unable(struct boot *b, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same, with something better to try than the table says. */
int boot_unable_try(struct boot *b, int err, const char *hint, const char *what);

/* A line that is no failure; one that a person is to see. */
#define boot_note(b, format, ...) log_note(&(b)->log, "%s: " format, (b)->step, __VA_ARGS__)
#define boot_warn(b, format, ...) log_err(&(b)->log, "warning %s: " format, (b)->step, __VA_ARGS__)

#endif
