/* policy.h: what a guest may ask of the host. The agent is the boundary: the
 * whole guest is one principal to it, and what the guest's own broker lets
 * through counts for nothing here. Pure.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POLICY_H
#define LANDBRIDGE_INTEROP_HOST_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "interop/host/rules.h"
#include "interop/wire/wire.h"

/* Programs: yes (request.h says which). Services: "drive:X" for each drive X: of
 * `drives` (bit 0 is A:), which is the guest's root's, as far as OPEN says who asks; and "about".
 * Connections and events: none. 0, or -1 with *why filled in; `text`,
 * of `size` bytes, is what its text points into. */
int policy_guest_may(const struct open *o, uint32_t drives, char *text, size_t size,
		     struct failed *why);

/* Whether it is "about": what the host says of itself, to anybody. */
bool policy_is_about(const struct open *o);

/* The letter of the service "drive:X", X from A to Z; 0: it is another one. */
char policy_drive(const struct open *o);

/* Why a guest's user may not have one more job beside these `count` of these users, as the
 * end of a sentence; NULL: it may. There are as many as the rules say, POLICY_JOBS at most.
 * Jobs may outlive their streams, which the router counts. A user who is not root has three
 * quarters of POLICY_JOBS at most: the guest says who it is, and this is no wall against
 * its root. */
enum { POLICY_JOBS = 256, POLICY_PORTS = 1024 };
const char *policy_job_refuse(const struct rules *rules, const uint32_t *users, size_t count,
			      uint32_t user);

/* Which port of 127.0.0.1 OPEN{LISTEN} of the guest means: what its root sees listening
 * there, from 1024 on, as those below are root's here, too, and of those that the rules
 * give. 0: *why is filled in, and its text is in `text`, WIRE_FAILED_MAX long. */
uint32_t policy_port(const struct open *o, const struct rules *rules, char *text,
		     struct failed *why);

#endif
