/* console.h: the console as PID 1 and its children have it. */
#ifndef LANDBRIDGE_INIT_CONSOLE_H
#define LANDBRIDGE_INIT_CONSOLE_H

struct machine;

/* The machine's step. */
int step_console(struct machine *m);

#endif
