/* agents.h: the agents that run for this user, each by its guest's name: HOME\agents\NAME
 * has its cookie while it runs, and is nobody else's to read. What an agent has started has
 * that in LANDBRIDGE_AGENT, and so calls the guest that asked. HOME\default names one.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WIN32_AGENTS_H
#define LANDBRIDGE_INTEROP_HOST_WIN32_AGENTS_H

#include "interop/host/host.h"
#include "interop/link/link.h"

#include <wchar.h>

enum { AGENTS_MAX = 64 };

/* Tells programs of this agent, until the process ends. -EEXIST: another one has that name,
 * and only programs that we start find us; or negative errno. */
int agents_tell(const wchar_t *home, const struct cookie *cookie);

/* The one of that name; NULL: who asked, the default one, or the only one there is. 0, or
 * -1 and *why. */
int agents_find(const wchar_t *home, const char *name, struct cookie *cookie, struct fault *why);

/* All of them. Returns how many; `at` has AGENTS_MAX. */
size_t agents_all(const wchar_t *home, struct cookie *at);

/* The name of the default one; empty: none. And to choose it. */
void agents_default(const wchar_t *home, char name[COOKIE_NAME]);
int agents_set_default(const wchar_t *home, const char *name, struct fault *why);

#endif
