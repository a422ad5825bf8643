/* trace.h: a word from the kernel when a TCP port begins or ceases to listen. Private to
 * interop/guest.
 */
#ifndef LANDBRIDGE_INTEROP_GUEST_TRACE_H
#define LANDBRIDGE_INTEROP_GUEST_TRACE_H

/* A descriptor that is readable then, non-blocking; what is read of it is for nobody.
 * Needs root. Negative errno: -ENODEV, -ENOENT where the kernel has no tracing. */
int trace_listening(void);

#endif
