/* test_protocol.c: names and fids: versions, attaching, walking, wrong requests. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/test/fixture.h"

/* ---- Tversion ---- */

static void test_version(void **state)
{
	static const struct {
		const char *version;
		uint32_t msize;
		int error;
		uint32_t agreed;
	} cases[] = {
		{ "9P2000.L", 8192, 0, 8192 },
		{ "9P2000.W", 4096, 0, 4096 },
		{ "9P2000.L", 0xffffffff, 0, P9_MSIZE_MAX },
		{ "9P2000", 8192, EPROTONOSUPPORT, 8192 },
		{ "9P2000.u", 8192, EPROTONOSUPPORT, 8192 },
		{ "", 8192, EPROTONOSUPPORT, 8192 },
		{ "9P2000.LL", 8192, EPROTONOSUPPORT, 8192 },
		{ "9P2000.L", 4095, EMSGSIZE, 0 },
		{ "9P2000.L", 0, EMSGSIZE, 0 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < array_len(cases); i++) {
		want(c_version(&f->c, cases[i].version, cases[i].msize), cases[i].error);
		if (cases[i].agreed)
			want(f->c.msize, cases[i].agreed);
	}
	want(c_attach(&f->c, ROOT, geteuid()), EPROTO); /* the last one failed */
	want(c_version(&f->c, "9P2000.L", 8192), 0);
	want(c_walk(&f->c, ROOT, 1, ""), EBADF); /* fids of the old session are gone */
	want(c_attach(&f->c, ROOT, geteuid()), 0);
}

/* ---- Tattach ---- */

static void test_attach(void **state)
{
	static const struct {
		const char *aname;
		int error;
	} cases[] = {
		{ "", 0 },         { "/", 0 },
		{ "d", 0 },        { "/d/e", 0 },
		{ "f", ENOTDIR },  { "missing", ENOENT },
		{ "..", EXDEV },   { "d/../..", EXDEV },
		{ "link", ELOOP }, { "absolute", ELOOP },
		{ "d/e/../e", 0 },
	};
	struct fixture *f = *state;
	struct p9_msg t = { .type = P9_TATTACH, .fid = 10, .newfid = P9_NOFID }, r;

	for (size_t i = 0; i < array_len(cases); i++) {
		t.uid = geteuid();
		t.target = str_of(cases[i].aname);
		want(client_call(&f->c, &t, &r), cases[i].error);
		if (!cases[i].error)
			want(c_clunk(&f->c, 10), 0);
	}
	t.target = str_of("");
	t.uid = geteuid() + 1;
	want(client_call(&f->c, &t, &r), EPERM); /* this server is one user only */
	t.uid = P9_NOUID;
	want(client_call(&f->c, &t, &r), 0);
	want(client_call(&f->c, &t, &r), EBADF); /* fid 10 is in use */
	t.fid = 11;
	t.newfid = 3;
	want(client_call(&f->c, &t, &r), EBADF); /* an afid nobody asked for */
	t.newfid = t.fid = P9_NOFID;
	want(client_call(&f->c, &t, &r), EBADF);
}

static void test_attach_subtree(void **state)
{
	struct fixture *f = *state;
	struct p9_msg t = { .type = P9_TATTACH,
			    .fid = 10,
			    .newfid = P9_NOFID,
			    .uid = geteuid(),
			    .target = str_of("d") };
	struct p9_msg r, inside, up;

	want(client_call(&f->c, &t, &r), 0);
	want(c_walk(&f->c, 10, 11, "../../.."), 0); /* stays at the top */
	want(c_getattr(&f->c, 10, &inside), 0);
	want(c_getattr(&f->c, 11, &up), 0);
	want(up.qid.path, inside.qid.path);
	want(c_walk(&f->c, 10, 12, "e"), 0);
	want(rename("d/e", "moved"), 0); /* out of the subtree: no way further up */
	want(c_walk(&f->c, 12, 13, ".."), EACCES);
	want(c_walk(&f->c, 12, 14, "deep"), 0);
}

/* ---- Twalk ---- */

static void test_walk(void **state)
{
	static const struct {
		const char *path;
		int error;
	} cases[] = {
		{ "", 0 },
		{ "f", 0 },
		{ "d/e/deep", 0 },
		{ "..", 0 },
		{ "../../d", 0 },
		{ "d/..", 0 },
		{ "link", 0 },
		{ "fifo", 0 },
		{ "absolute", 0 },
		{ "loop", 0 },
		{ ".", 0 },
		{ "missing", ENOENT },
		{ "d/missing", ENOENT },
		{ "f/x", ENOENT },
		{ "link/e", ENOENT },
		{ "//", EINVAL },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < array_len(cases); i++) {
		int err = c_walk(&f->c, ROOT, 1, cases[i].path);

		if (err != cases[i].error)
			fail_msg("walk '%s': %d, want %d", cases[i].path, err, cases[i].error);
		want(c_clunk(&f->c, 1), err ? EBADF : 0);
	}
	want(c_walk(&f->c, 99, 1, ""), EBADF);
	want(c_walk(&f->c, ROOT, P9_NOFID, ""), EBADF);
	want(c_walk(&f->c, ROOT, ROOT, ""), 0);
	want(c_walk(&f->c, ROOT, 1, ""), 0);
	want(c_walk(&f->c, ROOT, 1, ""), EBADF); /* in use */
	want(c_walk(&f->c, ROOT, 1, "d"), EBADF);
	want(c_walk(&f->c, 1, 1, "d"), 0); /* onto itself */
	want(c_walk(&f->c, 1, 1, "e/missing"), ENOENT);
	want(c_walk(&f->c, 1, 2, "e/deep"), 0); /* so it still was d */
	want(c_walk(&f->c, 2, 3, "x"), ENOTDIR);
}

static int walk_name(struct client *c, const char *name, uint16_t len)
{
	struct p9_msg t = {
		.type = P9_TWALK, .newfid = 1, .name_count = 1, .names = { { name, len } }
	};
	struct p9_msg r;

	return client_call(c, &t, &r);
}

static void test_names(void **state)
{
	struct fixture *f = *state;
	char name[300];

	memset(name, 'n', sizeof(name));
	want(walk_name(&f->c, name, 255), ENOENT);
	want(walk_name(&f->c, name, 256), ENAMETOOLONG);
	want(walk_name(&f->c, "", 0), EINVAL);
	want(walk_name(&f->c, "d/e", 3), EINVAL);
	want(walk_name(&f->c, "f\0g", 3), EINVAL);
	want(walk_name(&f->c, "f\0", 2), EINVAL);
	want(c_mkdir(&f->c, ROOT, "..", 0755), EINVAL);
	want(c_mkdir(&f->c, ROOT, ".", 0755), EINVAL);
	want(c_mkdir(&f->c, ROOT, "a/b", 0755), EINVAL);
	want(c_mkdir(&f->c, ROOT, "", 0755), EINVAL);
	want(c_unlink(&f->c, ROOT, "..", P9_REMOVEDIR), EINVAL);
	for (int byte = 1; byte < 256; byte++) {
		char odd[4] = { 'x', (char)byte, 'y', 0 };

		if (byte == '/')
			continue;
		want(c_mkdir(&f->c, ROOT, odd, 0755), 0);
		want(access(odd, F_OK), 0);
	}
	name[255] = '\0';
	want(c_mkdir(&f->c, ROOT, name, 0755), 0);
	want(access(name, F_OK), 0);
}

static void test_deep_walk(void **state)
{
	struct fixture *f = *state;

	want(c_walk(&f->c, ROOT, 1, ""), 0);
	for (int i = 0; i < 40; i++) {
		want(c_mkdir(&f->c, 1, "x", 0755), 0);
		want(c_walk(&f->c, 1, 1, "x"), 0);
	}
	want(c_walk(&f->c, ROOT, 2, "x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x"), 0);
	want(c_walk(&f->c, 2, 2, "x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x"), 0);
}

/* ---- wrong requests ---- */

static void test_unknown_requests(void **state)
{
	static const uint8_t types[] = { P9_TACCESS, P9_TWREADDIR, P9_TWOPEN, P9_TWALK + 1,
					 P9_RLERROR };
	struct fixture *f = *state;
	struct p9_msg t = { .type = P9_TAUTH, .fid = 5 }, r;

	want(client_call(&f->c, &t, &r), ENOENT); /* none needed */
	for (size_t i = 0; i < array_len(types); i++) {
		t = (struct p9_msg){ .type = types[i], .tag = 1 };
		client_send(&f->c, &t);
		assert_true(client_receive(&f->c, &r));
		want(r.type, P9_RLERROR);
		want(r.error, EOPNOTSUPP);
	}
	for (unsigned type = P9_TYPE_COUNT; type < 256; type++) {
		uint8_t raw[7] = { 7, 0, 0, 0, (uint8_t)type, 1, 0 };

		client_send_raw(&f->c, raw, sizeof(raw));
		assert_true(client_receive(&f->c, &r));
		want(r.error, EOPNOTSUPP);
	}
	want(c_walk(&f->c, ROOT, 1, ""), 0); /* and life goes on */
}

static void test_bad_fids(void **state)
{
	static const uint8_t types[] = { P9_TSTATFS,  P9_TLOPEN,     P9_TLCREATE,     P9_TSYMLINK,
					 P9_TMKNOD,   P9_TRENAME,    P9_TREADLINK,    P9_TGETATTR,
					 P9_TSETATTR, P9_TXATTRWALK, P9_TXATTRCREATE, P9_TREADDIR,
					 P9_TFSYNC,   P9_TLOCK,      P9_TGETLOCK,     P9_TLINK,
					 P9_TMKDIR,   P9_TRENAMEAT,  P9_TUNLINKAT,    P9_TWALK,
					 P9_TREAD,    P9_TWRITE,     P9_TCLUNK,       P9_TREMOVE };
	struct fixture *f = *state;

	for (size_t i = 0; i < array_len(types); i++) {
		struct p9_msg t = { .type = types[i], .fid = 4242, .newfid = 4343 }, r;

		if (client_call(&f->c, &t, &r) != EBADF)
			fail_msg("%s on no fid", p9_type_name(types[i]));
	}
}

/* Cut messages get an answer each, change nothing, and the stream goes on. */
static void test_cut_requests(void **state)
{
	struct fixture *f = *state;
	unsigned sent = 0;

	for (unsigned type = 8; type < P9_TWOPEN; type += 2) {
		struct p9_msg t = { .type = (uint8_t)type,
				    .tag = 7,
				    .name = str_of("n"),
				    .target = str_of("t"),
				    .name_count = 1,
				    .names = { str_of("f") },
				    .count = 1,
				    .data = (const uint8_t *)"x" };
		uint8_t buf[256];
		struct p9_msg r;
		int len;

		if (!p9_type_name((uint8_t)type) || type == P9_TFSYNC)
			continue;
		len = p9_encode(&t, buf, sizeof(buf));
		for (int cut = P9_HEADER; cut < len && sent < 900; cut++, sent++) {
			buf[0] = (uint8_t)cut;
			client_send_raw(&f->c, buf, (size_t)cut);
			assert_true(client_receive(&f->c, &r));
			want(r.type, P9_RLERROR);
			want(r.error, EPROTO);
			want(r.tag, 7);
		}
	}
	assert_true(sent > 300);
	want(c_walk(&f->c, ROOT, 1, "f"), 0);
}

static void test_fid_limit(void **state)
{
	struct fixture *f = *state;
	struct p9_msg r;
	uint32_t fid = 1;

	while (c_walk(&f->c, ROOT, fid, "f") == 0 && fid < 70000)
		fid++;
	assert_true(fid > 200);
	want(c_clunk(&f->c, 1), 0);
	want(c_walk(&f->c, ROOT, 1, "f"), 0);
	want(c_getattr(&f->c, fid - 1, &r), 0);
	want(c_version(&f->c, "9P2000.L", 8192), 0); /* lets go of all of them */
	want(c_attach(&f->c, ROOT, geteuid()), 0);
	want(c_walk(&f->c, ROOT, 1, "f"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		session_test(test_version),
		session_test(test_attach),
		session_test(test_attach_subtree),
		session_test(test_walk),
		session_test(test_names),
		session_test(test_deep_walk),
		session_test(test_unknown_requests),
		session_test(test_bad_fids),
		session_test(test_cut_requests),
		session_test(test_fid_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
