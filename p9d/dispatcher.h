/* dispatcher.h: the process that accepts connections and decides who serves them.
 *
 * It answers Tversion, reads the first Tattach, and passes the connection on
 * to a process that is that user and nothing else. Who a peer may be:
 *   vsock from the host (CID 2), an inherited connection   anyone
 *   unix: root                                             anyone
 *   unix: another user                                     only that user
 *   any other                                              refused
 * A .L peer that may be anyone may attach several users on one connection, as
 * the kernel's client does: such connections share one process, which switches
 * its threads between users.
 */
#ifndef LANDBRIDGE_P9D_DISPATCHER_H
#define LANDBRIDGE_P9D_DISPATCHER_H

#include "lib/acceptor.h"
#include "lib/log.h"
#include "p9d/worker.h"

#define DISPATCHER_LISTENERS 8
#define DISPATCHER_GREETINGS 64
#define DISPATCHER_WORKERS 64
#define DISPATCHER_WORKERS_EACH 4 /* of one user, when the others take nothing more */
#define DISPATCHER_GREETING_MS 30000

enum listen_kind { LISTEN_UNIX, LISTEN_VSOCK };

struct dispatcher;

struct listener {
	struct acceptor acceptor;
	struct dispatcher *dispatcher;
	enum listen_kind kind;
};

/* A connection before its first Tattach. */
struct greeting {
	struct watch watch; /* first: its callback casts back */
	struct timer deadline;
	struct dispatcher *dispatcher;
	struct p9_session session;
	bool used;
	uint16_t len;
	uint8_t input[HANDOVER_INPUT];
};

struct worker_link {
	struct watch watch; /* first */
	struct dispatcher *dispatcher;
	bool used;
	bool any_user;
	struct user user;
};

struct dispatcher {
	struct loop loop;
	const struct log *log;
	struct posix_tree tree;
	struct p9_policy policy;
	struct listener listeners[DISPATCHER_LISTENERS];
	unsigned listener_count;
	struct greeting *greetings;  /* DISPATCHER_GREETINGS */
	struct worker_link *workers; /* DISPATCHER_WORKERS */
};

int dispatcher_init(struct dispatcher *dispatcher, const char *root, const struct p9_policy *policy,
		    const struct log *log);
/* unix:PATH, vsock:PORT or fd:N, which is a listening or a connected socket.
 * 0, or -EINVAL: none of these; or another negative errno. */
int dispatcher_listen(struct dispatcher *dispatcher, const char *where);
/* Serves for ever; returns on an error of epoll, or when there is nothing to
 * listen on and the last inherited connection's process has ended. */
int dispatcher_run(struct dispatcher *dispatcher);

/* ---- between the parts ---- */

/* The socket is the dispatcher's from here on. */
void greeting_start(struct dispatcher *dispatcher, int fd, bool anyone, uid_t self);
/* Ends the one that may best be missed. False: there is none. */
bool greeting_drop(struct dispatcher *dispatcher);
/* Passes a greeted connection to a process for this user; any: to one for
 * several. The caller still owns fd. -EAGAIN: they have stopped to take any, and
 * the user has as many as may be; -EUSERS: there are DISPATCHER_WORKERS. */
int worker_pass(struct dispatcher *dispatcher, int fd, const struct handover *h, uid_t uid,
		bool any);

#endif
