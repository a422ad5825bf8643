/* modules.h: kernel modules, loaded in process. */
#ifndef LANDBRIDGE_INIT_MODULES_H
#define LANDBRIDGE_INIT_MODULES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/guest_modules.h"

struct machine;

struct modules {
	int dir;          /* where they are, or -1 */
	const char *deps; /* the text of modules.dep, mapped, or NULL */
	size_t deps_len;
	int64_t ms; /* time spent on them */
};

/* The machine's step: the list, and the drivers of the bus. */
int step_modules(struct machine *m);

/* The machine's step: drivers that nothing else asks for, for what is on the bus. */
int step_extras(struct machine *m);

/* Loads what the image's kernel has of a group. 0 also when it has nothing of
 * it; negative only when a module that is there cannot be loaded. */
int modules_load(struct machine *m, enum guest_group group);
void modules_close(struct modules *modules);

#endif
