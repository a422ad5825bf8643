/* distro.h: one distribution: its root, its settings, and what of its files is
 * covered for the run.
 */
#ifndef LANDBRIDGE_INIT_DISTRO_H
#define LANDBRIDGE_INIT_DISTRO_H

#include <stdbool.h>
#include <stdint.h>

#include "init/boot.h"
#include "init/cover.h"
#include "init/root.h"
#include "init/settings.h"

struct distro {
	struct boot *boot;
	struct machine *machine;
	struct settings settings; /* the machine's, and what wsl.conf adds */
	struct roots roots;
	int initramfs; /* the root directory we come from, until its content is freed; else -1 */
	const char *program; /* our own, as it is called here: "/init" where it can be */
	struct covers covers;
	bool handles;          /* .exe files are run: the handler is ours */
	unsigned renewals;     /* of the handler, because another was registered after it */
	unsigned modules_made; /* directories that were made for the modules (modprobe.h) */
	int systemd;           /* its process, where the image's systemd runs (systemd.h); else 0 */
	int kept; /* tells when something of ours is removed (keep.h); -1: nobody does */
};

#endif
