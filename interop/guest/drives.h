/* drives.h: which of the host's drives this guest has. */
#ifndef LANDBRIDGE_INTEROP_GUEST_DRIVES_H
#define LANDBRIDGE_INTEROP_GUEST_DRIVES_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/log.h"
#include "pathconv/pathconv.h"

/* Those that are mounted, or that the hypervisor offers: bit 0 is A:. */
uint32_t drives_here(void);

/* Returns when what the host did to its drives before is seen on those of them
 * that keep what they have read (FUSE): they answer for
 * LANDBRIDGE_FENCE (places.h) when they have taken in all changes up to then. Not
 * longer than 2 s for one that does not answer. */
void drives_refresh(const struct mounts *mounts);

/* Has landbridge-automount mount these of the host's drives. Its pid, 0 without any, or a
 * negative errno. */
pid_t drives_mount(uint32_t drives);

/* The services `mount:X` and `unmount:X` (doc/PROTOCOL, section 10): the end of a socket
 * at whose other end one is, -ENOENT: that is no such service, or another errno. */
int drives_serve(const char *service);

/* Says what only one side has. */
void drives_compare(const struct log *log, uint32_t here, uint32_t host);

#endif
