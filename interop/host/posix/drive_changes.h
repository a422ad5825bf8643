/* drive_changes.h: what an agent does when it is told of a drive that has come, or goes.
 *
 * Which directory it is, the supervisor alone decides: it has put it in its place
 * (drive_place.h) before it says the letter, and leaves it there until it is answered.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_DRIVE_CHANGES_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_DRIVE_CHANGES_H

#include "interop/host/posix/agent.h"
#include "interop/host/posix/drive_service.h"
#include "lib/loop.h"

/* Zero but for the first five. One change at a time. */
struct drive_changes {
	struct loop *loop;
	struct drives *drives; /* which there are */
	struct drive_service *service;
	const struct wine *wine;
	int control; /* where the answer goes */
	struct agent_drive_done done;
	pid_t teller; /* after whose end Wine knows, too; 0: none */
	struct timer patience;
};

/* The drives are what they will be when this returns; the answer comes later. */
void drive_changes_take(struct drive_changes *c, const struct agent_drive *said);

/* For who reaps our children. */
void drive_changes_reaped(struct drive_changes *c, pid_t pid);

#endif
