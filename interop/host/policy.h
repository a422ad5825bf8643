/* policy.h: what a guest may ask of the host. The agent is the boundary: the
 * whole guest is one principal to it, and what the guest's own broker lets
 * through counts for nothing here. Pure.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POLICY_H
#define LANDBRIDGE_INTEROP_HOST_POLICY_H

#include <stddef.h>

#include "interop/wire/wire.h"

/* Programs: yes (request.h says which). Services by name, connections,
 * listeners and events: none yet. 0, or -1 with *why filled in; `text`, of
 * `size` bytes, is what its text points into. */
int policy_guest_may(const struct open *o, char *text, size_t size, struct failed *why);

#endif
