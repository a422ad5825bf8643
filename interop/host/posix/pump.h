/* pump.h: two sockets become one connection.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_PUMP_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_PUMP_H

/* Carries bytes both ways until both have ended, each by itself: the end of what comes
 * from one is shutdown(2) of the other. One that takes no more is not read for any
 * longer, and with one that is gone (a reset) the connection is over. Makes both
 * non-blocking, closes neither, and waits as long as it takes. */
void pump(int one, int other);

#endif
