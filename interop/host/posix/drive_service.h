/* drive_service.h: the host's drives for the guest: each stream of bytes to the
 * service "drive:X" has a process of its own that serves the drive's directory
 * (p9d.h), with nothing but that directory and the stream, and no rights beyond
 * those of the user who started us.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_DRIVE_SERVICE_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_DRIVE_SERVICE_H

#include <sys/types.h>

#include "interop/host/drives.h"
#include "interop/wire/wire.h"
#include "lib/log.h"

/* Streams are 64 at most (doc/PROTOCOL, section 11); what has lost its stream may
 * take a moment to end. */
enum { DRIVE_SERVERS_MAX = 96 }; /* and a user may have 128 fanotify groups */

struct drive_service {
	const struct drives *drives;
	char folds; /* the letter of the one whose names are found without case; 0: none */
	int dirs[DRIVES_MAX]; /* by letter: descriptors, or negative errno */
	int outside;
	pid_t servers[DRIVE_SERVERS_MAX];
	char letters[DRIVE_SERVERS_MAX]; /* theirs */
	size_t count;
};

/* Takes hold of the drives' directories as this process sees them now, behind the
 * wall (wall.h): as Windows programs have them. One that is not there is an error
 * of its streams. */
void drive_service_begin(struct drive_service *s, const struct drives *drives, char folds,
			 int outside);

/* For one more drive, and for one that is no more: its servers end at once. */
int drive_service_add(struct drive_service *s, const struct drive *drive);
void drive_service_drop(struct drive_service *s, char letter);

/* Starts a server of the drive of that letter. Returns the stream's other end, or
 * negative errno: -ENOENT: there is no such drive; -EUSERS: there are too many. */
int drive_service_open(struct drive_service *s, char letter);

/* Says which drives only this side has, or only the guest that says hello. */
void drive_service_compare(const struct log *log, const struct drives *drives,
			   const struct hello *hello);

/* For who reaps our children. Whether it was one of these. */
bool drive_service_reaped(struct drive_service *s, pid_t pid);

/* They end by themselves when their streams are closed: what has not is killed. */
void drive_service_kill(const struct drive_service *s);

#endif
