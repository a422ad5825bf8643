/* console.h: the console as PID 1 and its children have it. */
#ifndef LANDBRIDGE_INIT_CONSOLE_H
#define LANDBRIDGE_INIT_CONSOLE_H

struct boot;
struct machine;

/* The machine's step. */
int step_console(struct machine *m);

/* In a container, as soon as there is a /proc: the log goes to a descriptor of
 * our own that does not block. The flag of the one we got is others', too. */
void log_unblock(struct boot *b);

#endif
