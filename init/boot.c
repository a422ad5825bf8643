/* boot.c: the table of boot steps, and what happens when one fails. */
#include "init/boot.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/loop.h"

enum on_failure { WARN, EMERGENCY };

enum {
	INITRAMFS = BOOT_INITRAMFS,
	MACHINE = BOOT_INITRAMFS | BOOT_IMAGE,
	ANY = BOOT_INITRAMFS | BOOT_IMAGE | BOOT_CONTAINER,
};

static const struct step {
	const char *name;
	int (*run)(struct boot *b);
	enum on_failure fails;
	unsigned forms;
	const char *hint;
} steps[] = {
	{ "namespace", step_namespace, EMERGENCY, BOOT_CONTAINER, "it needs CAP_SYS_ADMIN" },
	{ "devices", step_devices, EMERGENCY, MACHINE, "does the kernel have devtmpfs?" },
	{ "console", step_console, WARN, MACHINE, "give the kernel console=" },
	{ "cmdline", step_cmdline, WARN, MACHINE, "defaults are used" },
	{ "modules", step_modules, EMERGENCY, MACHINE,
	  "make the initramfs from the modules of this very kernel" },
	{ "root", step_root, EMERGENCY, INITRAMFS,
	  "name it with root=/dev/NAME, LABEL=x or UUID=x, and see that it is attached" },
	{ "mount", step_mount, EMERGENCY, INITRAMFS, "check the image with fsck" },
	{ "switch", step_switch, EMERGENCY, INITRAMFS, "the image needs /proc, /sys and /dev" },
	{ "writable", step_writable, EMERGENCY, BOOT_IMAGE, "give the kernel rw" },
	{ "filesystems", step_filesystems, EMERGENCY, ANY, "is it in this kernel?" },
	{ "settings", step_settings, WARN, ANY, "defaults are used; at most 32 KiB are read" },
	{ "limits", step_limits, WARN, MACHINE, "the kernel's defaults stay" },
	{ "helpers", step_helpers, WARN, ANY, "no helpers this time" },
	{ "hostname", step_hostname, WARN, ANY, "see [network] hostname in /etc/wsl.conf" },
	{ "network", step_network, WARN, ANY,
	  "see landbridge.ip=ADDRESS/BITS and landbridge.gateway=ADDRESS" },
	{ "etc", step_etc, WARN, MACHINE, "the image's own files stay" },
	{ "fstab", step_fstab, WARN, ANY, "try mount -a by hand" },
	{ "drives", step_drives, WARN, ANY, "try mount -t drvfs by hand" },
#if CFG_INTEROP
	{ "binfmt", step_binfmt, WARN, ANY, "landbridge-run PROG.EXE works without it" },
#endif
	{ "link", step_link, EMERGENCY, ANY, "no session can be opened without it" },
#if CFG_P9D
	{ "p9d", step_p9d, WARN, ANY, "the host cannot see the guest's files" },
#endif
	{ "command", step_command, WARN, ANY, "see [boot] command in /etc/wsl.conf" },
	{ "cleanup", step_cleanup, WARN, MACHINE, "some memory stays in use" },
};

int boot_unable(struct boot *b, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fmt_va(b->what, sizeof(b->what), format, args);
	va_end(args);
	return err;
}

int boot_unable_try(struct boot *b, int err, const char *hint, const char *what)
{
	b->hint = hint;
	return boot_unable(b, err, "%s", what);
}

/* The line goes to the console as it is, and to the kernel log marked for the
 * host half to find. */
static void failure_say(struct boot *b, int err)
{
	struct log host = b->log;
	struct log person = { .fd = b->console, .who = b->log.who, .max = b->log.max };
	const char *what = b->what[0] ? b->what : "go on";

	host.who = "landbridge";
	if (b->form == BOOT_CONTAINER)
		person.fd = 2;
	else
		log_err(&host, "failed %s: unable to %s: %s (%s)", b->step, what, strerror(-err),
			b->hint);
	log_err(&person, "%s: unable to %s: %s (%s)", b->step, what, strerror(-err), b->hint);
}

static int step_run(struct boot *b, const struct step *s)
{
	int err;

	b->step = s->name;
	b->hint = s->hint;
	b->what[0] = '\0';
	err = s->run(b);
	if (err >= 0)
		return 0;
	failure_say(b, err);
	return s->fails == EMERGENCY ? err : 0;
}

void boot_run(struct boot *b)
{
	int64_t start = loop_now();

	for (size_t i = 0; i < array_len(steps); i++)
		if ((steps[i].forms & b->form) && step_run(b, &steps[i]) < 0)
			emergency(b);
	b->step = "ready";
	boot_note(b, "%lld ms, %lld of them for modules", (long long)(loop_now() - start),
		  (long long)b->modules_ms);
}
