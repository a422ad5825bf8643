/* jobs.h: the programs that a guest has running here: a process for each (job.h).
 *
 * Two more are there ahead of the programs that they will run, one with pipes and one
 * with a terminal, once there was a first of that kind: each like the last one, as people
 * and scripts ask for one after the other from one place.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_JOBS_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_JOBS_H

#include "interop/host/policy.h"
#include "interop/host/posix/job.h"
#include "lib/loop.h"

struct spare {
	pid_t pid;              /* 0: there is none ... */
	bool wanted;            /* ... but will be */
	int end;                /* its endpoint's other end, or -1 */
	struct job_share share; /* what the last one was told ... */
	ino_t ready;            /* ... and which descriptor that was; 0: none */
	struct open shape;      /* of the last one, as job_host::ahead has it */
};

struct jobs {
	struct loop *loop;
	struct wine *wine;
	struct job_host host; /* what all are told; its share is each one's own */
	pid_t pids[POLICY_JOBS];
	uint32_t users[POLICY_JOBS]; /* of the guest */
	size_t count;
	struct spare spares[2]; /* with pipes, with a terminal */
	struct timer timer;
};

void jobs_init(struct jobs *jobs, struct loop *loop, struct wine *wine,
	       const struct job_host *host);

/* Of the job that serves `o` the endpoint's other end, the caller's. Or negative errno. */
int jobs_start(struct jobs *jobs, const struct open *o, const struct job_share *share);

/* For who reaps our children. */
void jobs_reaped(struct jobs *jobs, pid_t pid);

/* Those ahead are told of the drives as they were: what comes next finds none. */
void jobs_renew(struct jobs *jobs);

/* None is to be there ahead any more. */
void jobs_close(struct jobs *jobs);

#endif
