/* daemon.h: the programs of ours that PID 1 keeps running.
 *
 * Each listens on sockets that PID 1 made and holds for ever: while a daemon is
 * away its clients wait in the socket's queue. One that ends is started again,
 * after 200 ms at first and up to 3 s when it keeps dying young; one that is on
 * demand not before somebody calls. One that ends DAEMON_DEATHS times in 30 s stays
 * down: that is said, and whoever calls it is refused at once.
 */
#ifndef LANDBRIDGE_INIT_DAEMON_H
#define LANDBRIDGE_INIT_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/log.h"

enum { DAEMON_BROKER, DAEMON_P9D, DAEMON_DHCP, DAEMON_SHIMS, DAEMON_COUNT };
enum { DAEMON_SOCKETS = 2, DAEMON_DEATHS = 10 };

struct daemon {
	const char *step; /* the boot step it belongs to, for the log */
	const char *what;
	/* Runs in the child: execs, or returns to fail. Its sockets are 3 and up. */
	void (*exec)(const struct daemon *d);
	const void *owner;           /* for exec */
	int sockets[DAEMON_SOCKETS]; /* the first socket_count */
	unsigned socket_count;
	bool on_demand;
	bool awaited;                /* not started until somebody calls */
	pid_t pid;                   /* 0: not running */
	int delay;                   /* ms, before it is started again; 0: not yet, or no more */
	int64_t started, due;        /* as loop_now() has it, as these: */
	int64_t died[DAEMON_DEATHS]; /* its last ends, a ring */
	unsigned deaths;
};

struct daemons {
	struct daemon at[DAEMON_COUNT];
	const struct log *log;
};

/* Gives it one more socket: `fd`, or a negative errno, which is returned. */
int daemon_listen(struct daemon *d, int fd);

/* 0, or -EAGAIN, -ENOMEM where no process can be had: that is logged, and it
 * is tried again later. */
int daemon_start(struct daemons *all, struct daemon *d);
/* Starts it when somebody first connects to it; until then it costs nothing. */
void daemon_await(struct daemons *all, struct daemon *d);

/* ---- for PID 1's loop ---- */

/* A child has ended, a daemon or another. */
void daemons_reap(struct daemons *all, pid_t pid);
/* On SIGIO: starts those that somebody waits for. */
void daemons_called(struct daemons *all);
/* On SIGALRM: starts those whose time has come. */
void daemons_again(struct daemons *all);

#endif
