/* agent.h: the host's end of the link: starts what the guest asks for, and
 * lets local callers into the guest.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_AGENT_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_AGENT_H

#include "interop/host/posix/wine.h"
#include "interop/host/rules.h"
#include "interop/link/link.h"

/* What an agent and its supervisor tell each other, a message each. */
enum agent_word {
	AGENT_UP = 'u',       /* from the agent: the guest has said hello */
	AGENT_DOWN = 'd',     /* from the agent: the link broke */
	AGENT_SHUTDOWN = 's', /* to the agent: ask the guest to power off */
	/* From the agent, once, with a descriptor: drives may come later, to places in
	 * this mount namespace (drive_place.h). */
	AGENT_SPACE = 'n',
	/* To the agent: struct agent_drive; the answer is AGENT_DRIVE with how it went. */
	AGENT_DRIVE = 'v',
};

/* A drive that is in its place from now on, or that is no drive any more. */
struct agent_drive {
	char word, letter;
	bool gone, read_only;
	char origin[PATH_MAX]; /* the host's name of it, for the policy alone */
};

struct agent_drive_done {
	char word;
	int error; /* errno, or 0 */
};

struct agent_config {
	const char *link;   /* the address of the guest's end, unix:PATH, or NULL: it calls ... */
	int door;           /* ... at this socket ... */
	struct address at;  /* ... of this address */
	struct key *key;    /* for that: overwritten once it is used; else NULL */
	const char *socket; /* where it is listening itself, to be removed at the end */
	int listener;       /* the descriptor of it */
	const char *share;  /* the name by which its programs have the guest's files; or NULL */
	const char *group;  /* the name of the one that limits its programs' memory (cgroup.h) */
	bool apart;         /* nobody else has its Wine server (wall.h) */
	bool wine_ahead;    /* Wine starts at once, and not with the first program */
	bool ports;         /* the guest's are to be ours */
	bool no_sandbox;    /* programs run where the wall is none, too (wall_is_sandbox) */
	int control;        /* words both ways; end of file ends the agent; -1: none */
	struct drives *drives;
	const struct rules *rules;
	const char *home; /* where audit.log is */
	struct wine *wine;
};

/* Listens on `socket`. Of two that want one path at the same time one gets it,
 * the other is told so: who looks whether a socket there is served, and takes a
 * dead one away, holds the lock SOCKET.lock meanwhile. */
int agent_listen(const char *socket, struct fault *why);

/* Serves until TERM, INT or HUP, or the end of control. Then every job is
 * ended, and Wine too. What goes wrong is one line on stderr each. Returns an exit
 * status. */
int agent_serve(const struct agent_config *config);

#endif
