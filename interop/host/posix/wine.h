/* wine.h: the Wine prefix in which a guest's Windows programs run.
 *
 * HOME/wine has the registry; its drives are exactly those of the guest, so
 * that a Windows path means the same on both sides and nothing else of the
 * host has a name. It is made at first use, without a display. Each machine has
 * a layer of its own over it (layer.h). Where there can be none, and for an agent
 * by hand, those with the same drives share it at the same time; one with others
 * has to wait until they are gone (a lock on HOME/wine.lock tells). Wine is
 * $LANDBRIDGE_WINE, Debian's, or the wine64 or wine in PATH.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_WINE_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_WINE_H

#include <signal.h>

#include "interop/host/posix/tool.h"
#include "interop/host/posix/where.h"

struct wine {
	char loader[PATH_MAX]; /* wine64 */
	char server[PATH_MAX]; /* wineserver */
	char helper[PATH_MAX]; /* landbridge-start.exe */
	char prefix[PATH_MAX];
	char layer[PATH_MAX]; /* the machine's own over it (layer.h); "": none */
	char c_dir[PATH_MAX]; /* what C: is; "": there is no C: */
	bool runs;            /* programs can be started; if not, say whynot */
	char whynot[384];
	int lock;        /* of the layer, or of the prefix; -1: not open */
	struct args env; /* of every process of ours in Wine, as NAME=value */
	pid_t keeper;    /* holds server and services up; 0: none */
	int keeper_stdin;
	int keeper_up; /* can be read when Wine is up, or the keeper gone; -1: no keeper */
	pid_t stopper; /* ends the server; 0: none yet */
};

/* Whether C: is the prefix's own, and not a directory that was given as C:. */
bool wine_c_is_ours(const struct wine *wine);

/* No program is started from here on; `gap` is wall_gap's. */
void wine_refuse(struct wine *wine, const char *gap);

/* Finds Wine. Touches nothing but the lock. */
int wine_find(struct wine *wine, const struct dirs *dirs, const struct drives *drives,
	      struct fault *why);

/* Makes the prefix where there is none and its drives be `drives`. */
int wine_prepare(struct wine *wine, const struct drives *drives, struct fault *why);

/* The same for a machine of that name: takes its layer, which its agent
 * enters, or, where there can be none, the prefix itself. */
int wine_prepare_layer(struct wine *wine, const struct drives *drives, const char *machine,
		       struct fault *why);

/* In the machine's agent, where it has a layer: the prefix is that from here on.
 * Returns a descriptor of the directory that is C:, or negative errno. */
int wine_enter(const struct wine *wine);

/* Then, before anything is started: the drives. */
int wine_settle(const struct wine *wine, const struct drives *drives, struct fault *why);

/* Whether there is no room where Wine writes for its server to start, which is not up:
 * less than 1 MiB. */
bool wine_is_full(const struct wine *wine);

/* Starts Wine's server and services ahead of the first program (some 0.4 s),
 * as children of this process, and keeps them up until wine_close. Does nothing
 * where they are up. */
int wine_start(struct wine *wine);

/* Waits until it is up, for some seconds at most. Whoever comes before that may be the one
 * who starts Wine's own programs, wineboot.exe first, and takes them along when it is
 * killed: then nothing runs any more for minutes. */
void wine_await(const struct wine *wine);

/* For who reaps our children: this one is to be reaped. */
void wine_reaped(struct wine *wine, pid_t pid);

/* Whether a child that has ended but is not reaped, as waitid(2) tells of it, was Wine's
 * server with programs to serve: they do not end with it, and some wait for ever. One
 * that found another in its place, or had nobody left to serve, is no loss. */
bool wine_is_lost(const struct wine *wine, const siginfo_t *ended);

/* One drive more or less while programs run. 0, or the pid of a child after whose end
 * Wine's own list of drives has, or has not, the letter; or negative errno. */
pid_t wine_add_drive(const struct wine *wine, const struct drive *drive);
pid_t wine_drop_drive(const struct wine *wine, char letter);

/* Begins to end all programs and the server, which takes half a second, if
 * nobody else uses the prefix. Nothing may be started any more. */
void wine_stop(struct wine *wine);

/* The same to its end, and lets go of everything. False: others use the prefix,
 * and the server stays. */
bool wine_close(struct wine *wine);

/* The Windows PATH, each directory spelled as it is on disk; "" when it cannot be
 * told. 0, or -ENAMETOOLONG: out has not all of them. */
int wine_path(const struct wine *wine, const struct drives *drives, char *out, size_t size);

#endif
