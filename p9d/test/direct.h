/* direct.h: a session over a tree in memory, called without a connection, so
 * that a test decides what fails underneath. */
#ifndef LANDBRIDGE_P9D_TEST_DIRECT_H
#define LANDBRIDGE_P9D_TEST_DIRECT_H

#include "p9d/protocol.h"
#include "p9d/test/memtree.h"

struct direct {
	struct memtree tree;
	struct p9_session session;
	struct p9_msg r;
	uint64_t acting;
	uint8_t out[8192];
	uint8_t scratch[SESSION_SCRATCH];
};

/* Agreed on a dialect, nobody attached. 0 or a negative errno. */
int direct_init(struct direct *d, const char *dialect);
/* Every handle that was given out must have come back. */
void direct_fini(struct direct *d);
/* 0 or the reply's errno; the reply is in d->r. */
int direct_call(struct direct *d, const struct p9_msg *t);

#endif
