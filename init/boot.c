/* boot.c: the two tables of boot steps, and what happens when one fails. */
#include "init/boot.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "init/bridge.h"
#include "init/button.h"
#include "init/command.h"
#include "init/conf.h"
#include "init/console.h"
#include "init/dhcp.h"
#include "init/distro.h"
#include "init/letters.h"
#include "init/emergency.h"
#include "init/etc.h"
#include "init/exe.h"
#include "init/fileserver.h"
#include "init/fstab.h"
#include "init/helpers.h"
#include "init/keep.h"
#include "init/limits.h"
#include "init/machine.h"
#include "init/modprobe.h"
#include "init/net.h"
#include "init/newroot.h"
#include "init/ns.h"
#include "init/pseudo.h"
#include "init/shims.h"
#include "init/systemd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/loop.h"

enum on_failure { WARN, EMERGENCY };

enum { ANY = BOOT_ANY, MACHINE = BOOT_MACHINE, INITRAMFS = BOOT_INITRAMFS };

struct step {
	const char *name;
	enum on_failure fails;
	unsigned forms;
	const char *hint;
};

static const struct machine_step {
	int (*run)(struct machine *m);
	struct step step;
} machine_steps[] = {
	{ step_namespace, { "namespace", EMERGENCY, BOOT_CONTAINER, "it needs CAP_SYS_ADMIN" } },
	{ step_devices, { "devices", EMERGENCY, MACHINE, "does the kernel have devtmpfs?" } },
	{ step_run, { "run", EMERGENCY, ANY, "is it in this kernel?" } },
	{ step_console, { "console", WARN, MACHINE, "give the kernel console=" } },
	{ step_cmdline, { "cmdline", WARN, MACHINE, "defaults are used" } },
	{ step_modules,
	  { "modules", EMERGENCY, MACHINE,
	    "make the initramfs from the modules of this very kernel" } },
	{ step_limits, { "limits", WARN, MACHINE, "the kernel's defaults stay" } },
	{ step_link, { "link", EMERGENCY, ANY, "no session can be opened without it" } },
	{ step_network,
	  { "network", WARN, ANY,
	    "see landbridge.ip=ADDRESS/BITS and landbridge.gateway=ADDRESS" } },
	{ step_extras, { "extras", WARN, MACHINE, "the guest does without it" } },
#if CFG_BUTTON
	{ step_button, { "button", WARN, MACHINE, "the power button does nothing" } },
#endif
	{ step_drives, { "drives", WARN, MACHINE, "the host's drives cannot be mounted" } },
};

static const struct distro_step {
	int (*run)(struct distro *d);
	struct step step;
} distro_steps[] = {
	{ step_root,
	  { "root", EMERGENCY, INITRAMFS,
	    "root=/dev/NAME, LABEL=x, UUID=x, or a tag with rootfstype=9p" } },
	{ step_mount, { "mount", EMERGENCY, INITRAMFS, "check the image with fsck" } },
	{ step_switch, { "switch", EMERGENCY, INITRAMFS, "the image needs /proc, /sys and /dev" } },
	{ step_writable, { "writable", EMERGENCY, BOOT_IMAGE, "give the kernel rw" } },
	{ step_filesystems, { "filesystems", EMERGENCY, ANY, "is it in this kernel?" } },
	{ step_settings, { "settings", WARN, ANY, "defaults are used; at most 32 KiB are read" } },
#if CFG_P9D
	/* Before the host can ask for it: its socket is there then, and who comes waits. */
	{ step_p9d, { "p9d", WARN, ANY, "the host cannot see the guest's files" } },
#endif
	{ step_sessions, { "sessions", EMERGENCY, ANY, "no session can be opened without it" } },
	{ step_helpers, { "helpers", WARN, ANY, "no helpers this time" } },
	{ step_hostname, { "hostname", WARN, ANY, "see [network] hostname in /etc/wsl.conf" } },
	{ step_etc, { "etc", WARN, MACHINE, "the image's own files stay" } },
#if CFG_NET
	{ step_lease, { "lease", WARN, MACHINE, "see landbridge.ip=ADDRESS/BITS" } },
#endif
#if CFG_MODPROBE
	{ step_modprobe, { "modprobe", WARN, MACHINE, "modprobe finds no modules" } },
#endif
	{ step_automount, { "automount", WARN, MACHINE, "try mount -t drvfs by hand" } },
	{ step_fstab, { "fstab", WARN, ANY, "try mount -a by hand" } },
#if CFG_INTEROP
	{ step_binfmt, { "binfmt", WARN, ANY, "landbridge-run PROG.EXE works without it" } },
#endif
#if CFG_SHIMS
	{ step_shims, { "shims", WARN, ANY, "the host's programs have no names in PATH" } },
#endif
	{ step_keep, { "keep", WARN, ANY, "what is removed stays away" } },
	{ step_command, { "command", WARN, ANY, "see [boot] command in /etc/wsl.conf" } },
#if CFG_SYSTEMD
	{ step_systemd, { "systemd", WARN, ANY, "sessions go on without it" } },
#endif
	{ step_cleanup, { "cleanup", WARN, MACHINE, "some memory stays in use" } },
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

/* The host half finds the line on the console. */
static void failure_say(const struct boot *b, int err)
{
	log_err(&b->log, "failed %s: unable to %s: %s (%s)", b->step,
		b->what[0] ? b->what : "go on", b->reason ? b->reason : strerror(-err), b->hint);
}

static bool step_begin(struct boot *b, const struct step *s)
{
	b->step = s->name;
	b->hint = s->hint;
	b->reason = NULL;
	b->what[0] = '\0';
	return s->forms & b->form;
}

/* What the step returned; true: the boot cannot go on. */
static bool step_end(struct boot *b, const struct step *s, int err)
{
	if (err < 0)
		failure_say(b, err);
	return err < 0 && s->fails == EMERGENCY;
}

static void machine_boot(struct machine *m, struct distro *d)
{
	for (size_t i = 0; i < array_len(machine_steps); i++) {
		const struct machine_step *s = &machine_steps[i];

		if (step_begin(m->boot, &s->step) && step_end(m->boot, &s->step, s->run(m)))
			emergency(d);
	}
}

static void distro_boot(struct distro *d)
{
	for (size_t i = 0; i < array_len(distro_steps); i++) {
		const struct distro_step *s = &distro_steps[i];

		if (step_begin(d->boot, &s->step) && step_end(d->boot, &s->step, s->run(d)))
			emergency(d);
	}
}

void boot_run(struct machine *m, struct distro *d)
{
	int64_t start = loop_now();

	machine_boot(m, d);
	distro_boot(d);
	m->boot->step = "ready";
	boot_note(m->boot, "%lld ms, %lld of them for modules", (long long)(loop_now() - start),
		  (long long)m->modules.ms);
	fd_close(&m->starting); /* sessions begin */
}
