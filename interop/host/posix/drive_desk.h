/* drive_desk.h: where a running machine is given drives, and they are taken from it.
 *
 *   landbridge drive --socket-- desk, of the supervisor --words-- agent
 *                                |
 *                               a child that enters the view (drive_place.h)
 *
 * The agent cannot name a directory of the host. The command, which is run by the host's
 * user, opens one and passes it on; the desk checks what --drive would have (drives_check,
 * the policy file), has it shown in its place, and then tells the agent its letter. The
 * guest is the command's affair, over the agent's socket. One change at a time.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_DRIVE_DESK_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_DRIVE_DESK_H

#include "interop/host/posix/drive_place.h"
#include "interop/host/posix/plan.h"
#include "lib/acceptor.h"

#define DRIVE_DESK "drives" /* the socket in the machine's directory */

enum drive_wish {
	DRIVE_ADD = 'a',  /* comes with a descriptor of the directory */
	DRIVE_LOOK = 'k', /* whether it could be removed */
	DRIVE_REMOVE = 'r',
	DRIVE_LIST = 'l',
};

/* What a caller says, once. The answer is a struct fault, whose status is 0 where it was
 * done, and of a list the text after it: "E:=DIR[,ro]" a line. Then the end. */
struct drive_ask {
	char wish, letter;
	bool read_only;
};

struct drive_desk {
	struct loop *loop;
	struct plan *plan; /* its drives are those of now */
	int agent;         /* the way to it */
	int space;         /* the view's mount namespace, -1: none */
	struct acceptor door;
	struct watch caller;
	uint32_t later; /* which drives came so: the others stay */
	/* What is being done; helper 0 and told false: nothing. */
	struct drive_showing showing;
	bool removes;
	pid_t helper;
	bool told; /* the agent, or there is nothing to tell it */
	struct fault fault;
};

/* Callers come when its door is opened. */
void drive_desk_init(struct drive_desk *desk, struct loop *loop, struct plan *plan, int agent);

/* The agent's words: the namespace, which is the desk's to close; and that it has done as
 * it was told. */
void drive_desk_space(struct drive_desk *desk, int space);
void drive_desk_done(struct drive_desk *desk, int error);

/* For who reaps our children. */
void drive_desk_reaped(struct drive_desk *desk, pid_t pid, int status);

/* The callers' side: 0, or -1 with *why. dir: of the directory, or -1. A list goes to
 * standard output. */
int drive_desk_ask(const struct machine *m, const struct drive_ask *ask, int dir,
		   struct fault *why);

#endif
