/* ration.h: what the Windows programs of a guest may have together, memory as the policy
 * says and, for a machine of root's, WALL_PROCESSES (wall.h): an agent's control group
 * (cgroup.h), named after a machine, or after the socket of an agent by hand. Who cannot
 * have the memory limited is told, in a line, what is open.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_RATION_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_RATION_H

#include "interop/host/posix/cgroup.h"
#include "interop/host/posix/machine.h"
#include "interop/host/rules.h"

/* The group's name: the same one for who comes next in the same place. */
void ration_of_machine(char group[CGROUP_NAME], const struct machine *machine);
void ration_of_socket(char group[CGROUP_NAME], const char *socket);

/* This process goes into it, where there is a limit: outside of the wall, where it
 * can be made. Of processes root's machine has one: the kernel keeps count of an ordinary
 * user's without a group, and that of an agent by hand would be left behind. Returns a
 * descriptor for cgroup_leave, or negative errno; -ENOENT: there is no limit. */
int ration_take(const struct rules *rules, const char *group, bool machine);

/* What that would return with a limit on memory, by a trial; 0 for a descriptor, -ENOENT
 * without one. */
int ration_foresee(const struct rules *rules);

/* What is open, by what either returned: a line for a person, "" where nothing is that the
 * rules do not leave open. Returns its length. Pure. */
size_t ration_gap(const struct rules *rules, int taken, char *out, size_t size);

/* The machine's, with its end. */
void ration_remove(const struct machine *machine);

#endif
