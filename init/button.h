/* button.h: the power button, ACPI's or a keyboard's, as PID 1 hears of it. */
#ifndef LANDBRIDGE_INIT_BUTTON_H
#define LANDBRIDGE_INIT_BUTTON_H

#include <stdbool.h>
#include <stddef.h>

struct machine;

enum { BUTTONS_MAX = 4 };

struct buttons {
	int at[BUTTONS_MAX]; /* input devices with a power key; SIGIO when one is used */
	size_t count;
};

/* The machine's step: finds them. */
int step_button(struct machine *m);

/* Reads what has come; true: a power key was pressed. Does not wait. */
bool buttons_pressed(const struct buttons *buttons);

#endif
