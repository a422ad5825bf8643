/* shims.h: the host's programs as commands of the guest: one directory in memory
 * (LANDBRIDGE_SHIMS) in PATH in place of all of the Windows PATH's, so that neither what
 * is looked for in vain nor completion asks a drive. All that is in it is one file of
 * two bytes, MZ, by many names: the kernel gives it to our handler, which goes on with
 * the link of the same name in LANDBRIDGE_SHIMS_TO (interop/guest/program.h).
 *
 * A process of its own, landbridge-shims, reads the host's directories, which may
 * hang, and watches them; PID 1 keeps it running. Sessions tell it the Windows PATH.
 * A file system of their own bounds how many names there are.
 */
#ifndef LANDBRIDGE_INIT_SHIMS_H
#define LANDBRIDGE_INIT_SHIMS_H

struct distro;

/* A distribution's step. */
int step_shims(struct distro *d);

/* The Windows PATH is that, "C:\a;C:\b" (NULL: nobody knows). Waits for the first
 * reading of its directories, but not for long. */
void shims_want(const char *windows);

#endif
