/* exe.c: .exe files run as programs. */
#include "init/exe.h"

#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "binfmt/binfmt.h"
#include "init/distro.h"
#include "init/machine.h"
#include "init/ns.h"
#include "init/pseudo.h"
#include "lib/fd.h"
#include "lib/places.h"

int exe_restore(const char *program)
{
	int state = BINFMT_FIRST;

	if (CFG_BINFMT_GUARD)
		state = binfmt_look(BINFMT_DIR, program, NULL);
	else if (access(BINFMT_DIR "/" BINFMT_NAME, F_OK) < 0)
		state = BINFMT_MISSING;
	if (state != BINFMT_MISSING && state != BINFMT_BEHIND)
		return state < 0 ? state : 0;
	state = binfmt_register(BINFMT_DIR, program, 1);
	return state < 0 ? state : 1;
}

void exe_restore_ours(void)
{
	char program[64];

	if (file_read(LANDBRIDGE_HANDLER, program, sizeof(program)) > 0)
		exe_restore(program);
}

/* As binfmt.d(5) has it: the administrator's file of the same name is a link to
 * nothing. */
static bool is_masked(void)
{
	char to[16];
	ssize_t len = readlink("/etc/binfmt.d/" BINFMT_CONF, to, sizeof(to));

	return len == 9 && memcmp(to, "/dev/null", 9) == 0;
}

int step_binfmt(struct distro *d)
{
	static const struct pseudo binfmt_misc = { BINFMT_DIR, "binfmt_misc", MS_RELATIME,
						   NULL,       0755,          0 };
	int err;

	if (!d->settings.interop) {
		boot_note(d->boot, "%s", "interop.enabled is false: .exe files are not run");
		return 0;
	}
	if (CFG_BINFMT_GUARD && is_masked()) {
		boot_note(d->boot, "%s",
			  "/etc/binfmt.d/" BINFMT_CONF " is /dev/null: .exe files are "
			  "not run");
		return 0;
	}
	if (d->boot->form == BOOT_CONTAINER && ns_is_first(NS_USER)) {
		boot_note(d->boot, "%s", "the table of handlers is the host's; left alone");
		return 0;
	}
	err = modules_load(d->machine, GUEST_BINFMT);
	if (err < 0)
		return err;
	err = pseudo_mount(&binfmt_misc);
	if (err < 0)
		return boot_unable(d->boot, err, "mount binfmt_misc on " BINFMT_DIR);
	err = binfmt_register(BINFMT_DIR, d->program, 1);
	if (err == 0)
		err = binfmt_conf_write(BINFMT_CONF_DIR, BINFMT_CONF, d->program);
	if (CFG_BINFMT_GUARD && err == 0)
		err = file_create(LANDBRIDGE_HANDLER, d->program, 0644);
	d->handles = err == 0;
	return err < 0 ? boot_unable(d->boot, err, "register the handler for .exe files") : 0;
}
