/* machine.h: what one kernel has once, however many distributions run on it:
 * its command line, devices and drivers, the link to the host, the daemons.
 */
#ifndef LANDBRIDGE_INIT_MACHINE_H
#define LANDBRIDGE_INIT_MACHINE_H

#include <stdint.h>

#include "init/boot.h"
#include "init/button.h"
#include "init/daemon.h"
#include "init/modules.h"
#include "init/settings.h"

struct machine {
	struct boot *boot;
	struct settings settings; /* what the command line says, and nobody else */
	struct settings_text *text;
	struct modules modules;
	struct buttons buttons;
	uint64_t virtio; /* what is on the bus: a bit for each enum virtio_device */
	struct daemons daemons;
	int starting; /* locked until sessions may begin (ready.h) */
};

#endif
