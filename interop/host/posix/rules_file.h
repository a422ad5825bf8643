/* rules_file.h: where the policy file is: $LANDBRIDGE_POLICY, else HOME/policy.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_RULES_FILE_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_RULES_FILE_H

#include "interop/host/posix/where.h"
#include "interop/host/rules.h"

/* Reads it, for as long as the process lives; without one rules_init's hold. Fails,
 * so that nothing is started, where a line is wrong, where others may write to the
 * file, and where it is on a drive that the guest may write to. `path` (PATH_MAX bytes)
 * is its name, "" where there is none. */
int rules_load(struct rules *rules, const struct dirs *dirs, const struct drives *drives,
	       char *path, struct fault *why);

/* Refuses drives on one of which a guest may write to that file. */
int rules_check_drives(const struct dirs *dirs, const struct drives *drives, struct fault *why);

/* Refuses --ports where the file at `path` gives no port at all. */
int rules_check_ports(const struct rules *rules, bool wanted, const char *path, struct fault *why);

#endif
