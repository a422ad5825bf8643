/* emergency.h: our terminal as the guest's console. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_EMERGENCY_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_EMERGENCY_H

#include <stdbool.h>
#include <termios.h>

#include "lib/loop.h"

/* The terminal on our standard input, as it was. */
struct terminal {
	struct termios was;
	bool known;
};

void terminal_save(struct terminal *terminal);
/* Also while we are in the background. */
void terminal_restore(const struct terminal *terminal);

struct emergency {
	struct watch keyboard, console;
	void (*over)(struct emergency *emergency); /* the keyboard's end */
};

/* Joins the terminal, raw from here on, to the console's socket at `path`,
 * until the loop ends. `over` is set; watches' fd are -1. 0 or negative errno. */
int emergency_start(struct emergency *e, struct loop *loop, const struct terminal *terminal,
		    const char *path);

#endif
