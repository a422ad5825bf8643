/* fixture.h: a small tree, served to a client: what session tests start with.
 *
 * The working directory is the tree: d/e/deep, f ("hello"), fifo, and the
 * links absolute (/etc/passwd), link (d) and loop (itself). Fid ROOT is it.
 */
#ifndef LANDBRIDGE_P9D_TEST_FIXTURE_H
#define LANDBRIDGE_P9D_TEST_FIXTURE_H

#include "p9d/test/client.h"

enum { ROOT = 0 };

struct fixture {
	struct client c;
	char dir[64];
	char cwd[4096];
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
#define session_test(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

#endif
