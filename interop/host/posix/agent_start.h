/* agent_start.h: the agent of a machine, as a child of its supervisor. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_AGENT_START_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_AGENT_START_H

#include "interop/host/posix/plan.h"

/* Forks it (agent.h). *control: our end of the words; where the machine has a layer,
 * plan->vm.ends[VM_C] is what C: is in it (wine_enter). The link's socket must be
 * there already. Its pid, or -1 with *why. */
pid_t agent_start(struct plan *plan, int *control, struct fault *why);

#endif
