/* server.h: the whole server on a socket, for tests. Needs root.
 *
 * It serves a sticky directory with the files alice, bob (of those users) and
 * roots, each mode 0600.
 */
#ifndef LANDBRIDGE_P9D_TEST_SERVER_H
#define LANDBRIDGE_P9D_TEST_SERVER_H

#include "p9d/test/client.h"

struct server {
	char dir[64];
	char socket[80];
	pid_t server;
	int inherited; /* our end of a connection that the server was given */
};

enum { ROOT, FILE_FID, NEW };

enum { ALICE = 54321, BOB = 54322 };

/* Starts another server; `extra` is one more argument, or NULL. */
void server_start(struct server *f, const char *root, const char *extra);
int server_setup(void **state);
int server_teardown(void **state);
#define server_test(f) cmocka_unit_test_setup_teardown(f, server_setup, server_teardown)

/* Connected, greeted, and attached with fid ROOT. In .W each user has a process
 * of its own; in .L root's connections share one. */
void connect_in(struct server *f, struct client *c, const char *version, uint32_t uid);
/* In .L. */
void connect_as(struct server *f, struct client *c, uint32_t uid);
/* Opens and closes a file. 0 or the server's errno. */
int open_file(struct client *c, uint32_t root, const char *name, uint32_t flags);

#endif
