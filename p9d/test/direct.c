/* direct.c: a session over a tree in memory, without a connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "p9d/test/direct.h"

int direct_init(struct direct *d, const char *dialect)
{
	static const struct p9_policy policy = {
		.anyone = true,
		.runs_as = P9_NOUID,
		.fid_limit = 64,
		.accounts = &user_files_system,
	};
	struct p9_msg t = {
		.type = P9_TVERSION,
		.msize = 8192,
		.name = { dialect, (uint16_t)strlen(dialect) },
	};
	int err;

	memset(d, 0, sizeof(*d));
	memtree_init(&d->tree);
	err = p9_session_init(&d->session, &d->tree.tree, &policy);
	if (!err)
		err = direct_call(d, &t);
	return err;
}

void direct_fini(struct direct *d)
{
	p9_session_fini(&d->session);
	assert_int_equal(d->tree.held, 0);
	assert_int_equal(d->tree.owners, 0);
}

int direct_call(struct direct *d, const struct p9_msg *t)
{
	static const atomic_bool never = false;
	struct p9_request q = {
		.session = &d->session,
		.t = t,
		.r = &d->r,
		.room = d->out + P9_DATA_HEADER,
		.scratch = d->scratch,
		.scratch_size = sizeof(d->scratch),
		.cancel = &never,
		.acting = &d->acting,
	};
	uint8_t buf[8192];

	p9_session_answer(&q);
	assert_in_range(p9_encode(&d->r, buf, sizeof(buf)), P9_HEADER, d->session.msize);
	if (d->r.type == P9_RLERROR)
		return (int)d->r.error;
	assert_int_equal(d->r.type, t->type + 1);
	return 0;
}
