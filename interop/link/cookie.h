/* cookie.h: who may call an agent over TCP on its own host, where a socket says nothing of
 * who is at its other end (Windows).
 *
 * Both sides know two secrets, which are made anew with each listening socket. The caller
 * says the first one and what it wants; the agent answers with the second; only then does
 * the caller say more. So another user who took the port of an agent that is gone learns
 * what is of no more use, and is told nothing else. X11's MIT-MAGIC-COOKIE-1, both ways.
 *
 *   caller: 16 bytes, u8 wish (enum cookie_wish)
 *   agent:  16 bytes, then for a stream what its endpoint gets, else u8: yes or no; or
 *           the end, where the caller's were wrong
 *
 * As text: NAME PORT ASK ANSWER, where NAME is the guest's, and the secrets are 32 digits.
 */
#ifndef LANDBRIDGE_INTEROP_LINK_COOKIE_H
#define LANDBRIDGE_INTEROP_LINK_COOKIE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/acceptor.h"

enum { COOKIE_SECRET = 16, COOKIE_NAME = 64, COOKIE_TEXT = 160, COOKIE_CALLERS = 16 };

struct cookie {
	char name[COOKIE_NAME];
	uint32_t port; /* of 127.0.0.1 */
	uint8_t ask[COOKIE_SECRET], answer[COOKIE_SECRET];
};

enum cookie_wish {
	COOKIE_STREAM = 'o',   /* what follows is an endpoint's: HELLO and OPEN */
	COOKIE_LOOK = 'l',     /* is the guest there? */
	COOKIE_SHUTDOWN = 's', /* the guest is to power off; no: it is not there */
};

/* Pure. 0 or -EINVAL; the text's length, without a NUL. */
int cookie_parse(struct cookie *cookie, const char *text, size_t len);
size_t cookie_format(const struct cookie *cookie, char text[COOKIE_TEXT]);

/* Calls, and waits for the answer, 2 s at most. A connected socket that does not block, the
 * caller's; or negative errno, -EACCES: somebody else is there. */
int cookie_call(const struct cookie *cookie, enum cookie_wish wish);
/* Of the others, what was answered: 0: no; 1: yes; or negative errno. */
int cookie_ask(const struct cookie *cookie, enum cookie_wish wish);

/* --- the agent's side ------------------------------------------------------------ */

struct router;

/* One who has connected and not said it all yet. */
struct cookie_caller {
	struct cookie_door *door;
	struct watch watch;
	uint8_t said[COOKIE_SECRET + 1];
	size_t used;
};

/* Of more than COOKIE_CALLERS who say nothing the one that came first goes. */
struct cookie_door {
	struct acceptor acceptor;
	struct router *router;
	struct cookie cookie;
	struct cookie_caller at[COOKIE_CALLERS];
	size_t turn;
};

/* Listens, and makes the secrets; cookie.name is set. 0 or negative errno. */
int cookie_listen(struct cookie_door *door, struct loop *loop, struct router *router);
void cookie_close(struct cookie_door *door);

#endif
