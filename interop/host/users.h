/* users.h: whose rights in the guest its Windows programs have. Pure.
 *
 * Nothing keeps the host's programs of one machine apart, so there is one answer for all
 * that were ever started, and no program may gain by it: the user who started them all,
 * but for those that root started, who has all rights as it is.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_USERS_H
#define LANDBRIDGE_INTEROP_HOST_USERS_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: no program was started. */
struct users {
	uint32_t user; /* whose rights they are: a uid of the guest */
	bool several;  /* nobody's, for good */
};

/* `uid` starts a program (UINT32_MAX: nobody knows who). True: the rights are others
 * than they were, and what has those must end first. */
bool users_add(struct users *users, uint32_t uid);

#endif
