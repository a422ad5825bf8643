/* ration.c: the group of an agent, from the policy's limit. */
#include "interop/host/posix/ration.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "interop/host/host.h"
#include "interop/host/posix/wall.h"
#include "lib/fmt.h"

void ration_of_machine(char group[CGROUP_NAME], const struct machine *machine)
{
	char path[MACHINE_DIR];

	machine_path(machine, "..", path);
	if (cgroup_name(group, machine->name, path) < 0)
		fmt(group, CGROUP_NAME, "%s", machine->name);
}

void ration_of_socket(char group[CGROUP_NAME], const char *socket)
{
	const char *name = path_base(socket);
	char dir[PATH_MAX];

	fmt(dir, sizeof(dir), "%.*s.", (int)(name - socket), socket);
	if (cgroup_name(group, name, dir) < 0)
		fmt(group, CGROUP_NAME, "%s", name);
}

int ration_take(const struct rules *rules, const char *group, bool machine)
{
	const struct limits limits = { rules->memory,
				       machine && geteuid() == 0 ? WALL_PROCESSES : 0 };

	return limits.memory || limits.processes ? cgroup_enter(group, &limits) : -ENOENT;
}

int ration_foresee(const struct rules *rules)
{
	const struct limits limits = { .memory = rules->memory };

	return limits.memory ? cgroup_foresee(&limits) : -ENOENT;
}

size_t ration_gap(const struct rules *rules, int taken, char *out, size_t size)
{
	if (rules->memory && taken < 0)
		return cgroup_gap(taken, rules_memory_each(rules), out, size);
	*out = '\0';
	return 0;
}

void ration_remove(const struct machine *machine)
{
	char group[CGROUP_NAME];

	ration_of_machine(group, machine);
	cgroup_remove(group);
}
