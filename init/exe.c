/* exe.c: .exe files run as programs. */
#include "init/exe.h"

#include <string.h>
#include <sys/mount.h>

#include "binfmt/binfmt.h"
#include "init/distro.h"
#include "init/machine.h"
#include "init/ns.h"
#include "init/pseudo.h"

int step_binfmt(struct distro *d)
{
	static const struct pseudo binfmt_misc = { BINFMT_DIR, "binfmt_misc", MS_RELATIME,
						   NULL,       0755,          0 };
	int err;

	if (!d->settings.interop) {
		boot_note(d->boot, "%s", "interop.enabled is false: .exe files are not run");
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
	d->handles = err == 0;
	return err < 0 ? boot_unable(d->boot, err, "register the handler for .exe files") : 0;
}
