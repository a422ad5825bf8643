/* ready.h: nobody's session begins before the boot is over.
 *
 * PID 1 holds a lock on a file from the link on, and a session takes it too
 * before it looks at anything: fcntl(2) locks wait without polling, fall with
 * their owner, and are not inherited.
 */
#ifndef LANDBRIDGE_INIT_READY_H
#define LANDBRIDGE_INIT_READY_H

/* PID 1: a descriptor to close when sessions may begin, or negative errno. */
int ready_hold(void);

/* A session: returns at once where nobody holds it, or nothing is there. */
void ready_wait(void);

#endif
