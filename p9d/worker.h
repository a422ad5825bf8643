/* worker.h: a process that serves files as one user, or as several in turn.
 * The dispatcher starts it and passes it connections over a SOCK_SEQPACKET pair,
 * each as one message: struct handover and the input read so far. */
#ifndef LANDBRIDGE_P9D_WORKER_H
#define LANDBRIDGE_P9D_WORKER_H

#include "p9d/posix.h"
#include "p9d/protocol.h"

#define HANDOVER_INPUT 8192

struct handover {
	uint32_t msize;
	uint32_t self;
	uint8_t dialect;
	bool anyone;
	uint16_t input_len;
	uint8_t input[HANDOVER_INPUT];
};

struct worker {
	struct posix_tree *tree;
	struct p9_policy policy; /* anyone and self come with each connection */
	const struct user *user; /* NULL: any */
	int control;
};

/* Becomes that user, confines itself, serves until the control's other end is
 * closed or ten seconds have passed without a connection. Ends the process:
 * exit status 0, or 1 when it could not begin. */
_Noreturn void worker_run(struct worker *worker);

/* What every process that serves does first: descriptors, of which its
 * connections share what is left for files, umask, signals. */
void worker_prepare(struct fid_share *share);

#endif
