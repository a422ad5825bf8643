/* fuzz_p9session.c: a whole connection's requests over a tree in memory. Each
 * record is length[1] type[1] body; tags are counted. Every request must get
 * one reply of its type that fits, and every handle must come back. The first byte
 * says which dialect, and whether the tree is a drive's, with which options. */
#include <assert.h>
#include <string.h>

#include "p9d/owners.h"
#include "p9d/protocol.h"
#include "p9d/test/memtree.c" /* NOLINT(bugprone-suspicious-include): not in the library */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct fuzz {
	struct memtree tree;
	struct owners owners;
	struct p9_session session;
	uint64_t acting;
	struct lock_wait *wait; /* one that waits while the next request runs */
	uint16_t tag;
	struct p9_msg t, r;
	uint8_t frame[512];
	uint8_t out[P9_MSIZE_MIN];
	uint8_t scratch[SESSION_SCRATCH];
};

static void check_reply(struct fuzz *f)
{
	int len = p9_encode(&f->r, f->out, sizeof(f->out));

	assert(len >= P9_HEADER && (uint32_t)len <= f->session.msize);
	assert(f->r.tag == f->t.tag);
	assert(f->r.type == f->t.type + 1 || f->r.type == P9_RLERROR);
	if (f->r.type == P9_RLERROR)
		assert(f->r.error > 0 && f->r.error < 4096);
}

static void end_wait(struct fuzz *f)
{
	struct p9_msg r = { .tag = 1 };
	uint8_t buf[32];

	if (!f->wait)
		return;
	if (lock_wait_try(f->wait, &r))
		assert(p9_encode(&r, buf, sizeof(buf)) >= P9_HEADER);
	lock_wait_free(f->wait);
	f->wait = NULL;
}

static void run(struct fuzz *f)
{
	static const atomic_bool never;
	struct p9_request q = {
		.session = &f->session,
		.t = &f->t,
		.r = &f->r,
		.room = f->out + P9_DATA_HEADER,
		.scratch = f->scratch,
		.scratch_size = sizeof(f->scratch),
		.cancel = &never,
		.acting = &f->acting,
		.may_wait = f->wait == NULL,
	};

	if (f->t.type == P9_TVERSION && f->t.msize > P9_MSIZE_MIN)
		f->t.msize = P9_MSIZE_MIN;
	if (f->t.type == P9_TVERSION)
		end_wait(f);
	p9_session_answer(&q);
	if (q.wait) {
		f->wait = q.wait;
		return;
	}
	end_wait(f);
	if (f->t.type == P9_TVERSION)
		assert(f->tree.held == 0 && f->tree.owners == 0);
	check_reply(f);
}

static void send(struct fuzz *f, const uint8_t *record, size_t len)
{
	struct writer w;

	writer_init(&w, f->frame, sizeof(f->frame));
	write_u32(&w, (uint32_t)(P9_HEADER + len - 1));
	write_u8(&w, record[0]);
	write_u16(&w, f->tag++);
	write_bytes(&w, record + 1, len - 1);
	if (p9_decode(&f->t, f->frame, w.used) == 0)
		run(f);
}

static void greet(struct fuzz *f, bool w, const char *words)
{
	f->t = (struct p9_msg){ .type = P9_TVERSION,
				.msize = P9_MSIZE_MIN,
				.name = { w ? "9P2000.W" : "9P2000.L", 8 } };
	run(f);
	f->t = (struct p9_msg){ .type = P9_TATTACH,
				.newfid = P9_NOFID,
				.target = { words, (uint16_t)strlen(words) } };
	run(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct user_files accounts = { "/dev/null", "/dev/null" };
	static const struct owners_config config = { .server = 1000 };
	static const char *const words[] = { "", "case=off,uid=5", "metadata",
					     "metadata,case=off,umask=022" };
	static struct fuzz f;
	struct p9_policy policy = {
		.anyone = true,
		.runs_as = P9_NOUID,
		.fid_limit = 40,
		.accounts = &accounts,
	};

	if (len == 0)
		return 0;
	memtree_init(&f.tree);
	f.acting = 0;
	policy.all_self = data[0] & 2;
	if (policy.all_self)
		owners_wrap(&f.owners, &f.tree.tree, &config);
	p9_session_init(&f.session, &f.tree.tree, &policy);
	greet(&f, data[0] & 1, policy.all_self ? words[data[0] >> 2 & 3] : "");
	for (size_t at = 1; at + 1 < len;) {
		size_t n = data[at] ? data[at] : 1;

		if (n > len - at - 1)
			n = len - at - 1;
		send(&f, data + at + 1, n);
		at += n + 1;
	}
	end_wait(&f);
	p9_session_fini(&f.session);
	assert(f.tree.held == 0 && f.tree.owners == 0);
	return 0;
}
