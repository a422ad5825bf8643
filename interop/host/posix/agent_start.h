/* agent_start.h: the agent of a machine, as a child of its supervisor. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_AGENT_START_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_AGENT_START_H

#include "interop/host/posix/plan.h"

/* Our ends of what we have with it. -1: not open. */
struct agent_ends {
	int control; /* the words */
	int said;    /* what it says for people; does not block */
};

/* Forks it (agent.h). Where the machine has a layer, plan->vm.ends[VM_C] is what C: is
 * in it (wine_enter). The link's socket must be there already. Its pid, or -1 with
 * *why; the ends that are open then are to be closed as well. */
pid_t agent_start(struct plan *plan, struct agent_ends *ends, struct fault *why);

#endif
