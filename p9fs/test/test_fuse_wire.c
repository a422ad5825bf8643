/* test_fuse_wire.c: requests of every kind, whole, cut, too long and with lies in them;
 * what is agreed with kernels old and new; entries of directories. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"
#include "p9fs/fuse_wire.h"

enum { UNIQUE = 77, NODE = 4711, TID = 99 };

/* What follows the header, as <linux/fuse.h> has it: sizes in bytes of the struct, then
 * names, then data that the struct counts. */
static const struct kind {
	const char *what;
	uint32_t opcode;
	size_t arg;
	const char *names[2];
	size_t data;
} kinds[] = {
	{ "LOOKUP", 1, 0, { "a" }, 0 },
	{ "FORGET", 2, 8, { 0 }, 0 },
	{ "GETATTR", 3, 16, { 0 }, 0 },
	{ "SETATTR", 4, 88, { 0 }, 0 },
	{ "READLINK", 5, 0, { 0 }, 0 },
	{ "SYMLINK", 6, 0, { "link", "target" }, 0 },
	{ "MKNOD", 8, 16, { "node" }, 0 },
	{ "MKDIR", 9, 8, { "dir" }, 0 },
	{ "UNLINK", 10, 0, { "x" }, 0 },
	{ "RMDIR", 11, 0, { "x" }, 0 },
	{ "RENAME", 12, 8, { "from", "to" }, 0 },
	{ "LINK", 13, 8, { "x" }, 0 },
	{ "OPEN", 14, 8, { 0 }, 0 },
	{ "READ", 15, 40, { 0 }, 0 },
	{ "WRITE", 16, 40, { 0 }, 5 },
	{ "WRITE of nothing", 16, 40, { 0 }, 0 },
	{ "STATFS", 17, 0, { 0 }, 0 },
	{ "RELEASE", 18, 24, { 0 }, 0 },
	{ "FSYNC", 20, 16, { 0 }, 0 },
	{ "SETXATTR", 21, 8, { "user.x" }, 3 },
	{ "GETXATTR", 22, 8, { "user.x" }, 0 },
	{ "LISTXATTR", 23, 8, { 0 }, 0 },
	{ "REMOVEXATTR", 24, 0, { "user.x" }, 0 },
	{ "FLUSH", 25, 24, { 0 }, 0 },
	{ "OPENDIR", 27, 8, { 0 }, 0 },
	{ "READDIR", 28, 40, { 0 }, 0 },
	{ "RELEASEDIR", 29, 24, { 0 }, 0 },
	{ "FSYNCDIR", 30, 16, { 0 }, 0 },
	{ "GETLK", 31, 48, { 0 }, 0 },
	{ "SETLK", 32, 48, { 0 }, 0 },
	{ "SETLKW", 33, 48, { 0 }, 0 },
	{ "ACCESS", 34, 8, { 0 }, 0 },
	{ "CREATE", 35, 16, { "x" }, 0 },
	{ "INTERRUPT", 36, 8, { 0 }, 0 },
	{ "DESTROY", 38, 0, { 0 }, 0 },
	{ "BATCH_FORGET", 42, 8, { 0 }, 32 },
	{ "BATCH_FORGET of none", 42, 8, { 0 }, 0 },
	{ "READDIRPLUS", 44, 40, { 0 }, 0 },
	{ "RENAME2", 45, 16, { "from", "to" }, 0 },
	{ "LSEEK", 46, 24, { 0 }, 0 },
};

struct bytes {
	_Alignas(8) uint8_t at[512];
	size_t len;
};

static void count_set(struct bytes *b, const struct kind *k, uint32_t count)
{
	uint8_t *arg = b->at + sizeof(struct fuse_in_header);
	size_t at = k->opcode == FUSE_WRITE ? offsetof(struct fuse_write_in, size) : 0;

	if (k->opcode == FUSE_WRITE || k->opcode == FUSE_SETXATTR || k->opcode == FUSE_BATCH_FORGET)
		memcpy(arg + at, &count, sizeof(count));
}

static uint32_t count_of(const struct kind *k)
{
	return (uint32_t)(k->opcode == FUSE_BATCH_FORGET ? k->data / 16 : k->data);
}

static void header_set(struct bytes *b, const struct kind *k, size_t len)
{
	struct fuse_in_header head = { .len = (uint32_t)len,
				       .opcode = k->opcode,
				       .unique = UNIQUE,
				       .nodeid = NODE,
				       .pid = TID };

	memcpy(b->at, &head, sizeof(head));
	b->len = len;
}

static void build(struct bytes *b, const struct kind *k)
{
	size_t len = sizeof(struct fuse_in_header) + k->arg;

	memset(b->at, 0, sizeof(b->at));
	for (int i = 0; i < 2 && k->names[i]; i++) {
		memcpy(b->at + len, k->names[i], strlen(k->names[i]) + 1);
		len += strlen(k->names[i]) + 1;
	}
	memset(b->at + len, 'D', k->data);
	count_set(b, k, count_of(k));
	header_set(b, k, len + k->data);
}

/* In memory of exactly its size, so that the sanitizer sees who reads further. */
static int decode(struct fuse_request *q, const struct bytes *b)
{
	void *copy = malloc(b->len ? b->len : 1);
	int err;

	memcpy(copy, b->at, b->len);
	err = fuse_decode(q, copy, b->len);
	free(copy);
	return err;
}

static void want(const char *what, size_t at, int got, int wanted)
{
	if (got != wanted)
		fail_msg("%s, %zu: %d, not %d", what, at, got, wanted);
}

static void test_whole(void **state)
{
	struct fuse_request q;
	struct bytes b;

	(void)state;
	for (size_t i = 0; i < array_len(kinds); i++) {
		const struct kind *k = &kinds[i];

		build(&b, k);
		want(k->what, i, fuse_decode(&q, b.at, b.len), 0);
		assert_int_equal(q.opcode, k->opcode);
		assert_int_equal(q.unique, UNIQUE);
		assert_int_equal(q.node, NODE);
		assert_int_equal(q.pid, TID);
		assert_ptr_equal(q.arg, k->arg ? b.at + sizeof(struct fuse_in_header) : NULL);
		assert_int_equal(q.size, k->data);
		if (k->names[0])
			assert_string_equal(q.name, k->names[0]);
		if (k->names[1])
			assert_string_equal(q.second, k->names[1]);
		for (size_t at = 0; at < q.size; at++)
			assert_int_equal(q.data[at], 'D');
	}
}

/* Cut anywhere, with a header that knows of it or not; and with more than it has. */
static void test_wrong_sizes(void **state)
{
	struct fuse_request q;
	struct bytes b;

	(void)state;
	for (size_t i = 0; i < array_len(kinds); i++) {
		const struct kind *k = &kinds[i];
		size_t whole;

		build(&b, k);
		for (whole = b.len--; b.len > 0; b.len--)
			want(k->what, b.len, decode(&q, &b), -EPROTO);
		for (size_t len = sizeof(struct fuse_in_header); len < whole; len++) {
			header_set(&b, k, len);
			want(k->what, len, decode(&q, &b), -EBADMSG);
			assert_int_equal(q.unique, UNIQUE);
		}
		for (size_t len = whole + 1; len < whole + 20; len++) {
			header_set(&b, k, len);
			want(k->what, len, decode(&q, &b), -EBADMSG);
		}
		header_set(&b, k, whole);
		b.len++;
		want(k->what, b.len, decode(&q, &b), -EPROTO);
	}
}

static void test_lies_about_data(void **state)
{
	static const uint32_t lies[] = { 1, 4, 6, 0x10000001, 0x7fffffff, UINT32_MAX };
	struct fuse_request q;
	struct bytes b;

	(void)state;
	for (size_t i = 0; i < array_len(kinds); i++) {
		const struct kind *k = &kinds[i];

		build(&b, k);
		for (size_t n = 0; n < array_len(lies); n++) {
			count_set(&b, k, lies[n]);
			if (k->data)
				want(k->what, lies[n], decode(&q, &b), -EBADMSG);
		}
	}
}

static void test_wrong_names(void **state)
{
	struct fuse_request q;
	struct bytes b;

	(void)state;
	for (size_t i = 0; i < array_len(kinds); i++) {
		const struct kind *k = &kinds[i];
		size_t at = sizeof(struct fuse_in_header) + k->arg;

		if (!k->names[0])
			continue;
		build(&b, k);
		b.at[at] = '\0'; /* an empty one */
		want(k->what, at, decode(&q, &b), -EBADMSG);
		build(&b, k);
		if (k->data)
			continue;
		b.at[b.len - 1] = 'x'; /* one without an end */
		want(k->what, at, decode(&q, &b), -EBADMSG);
	}
}

static void test_unknown(void **state)
{
	static const uint32_t unknown[] = { 0,  7,  19, 37, 39, 40, 41,   43,
					    47, 48, 50, 51, 52, 53, 4096, UINT32_MAX };
	struct fuse_request q;
	struct bytes b;

	(void)state;
	for (size_t i = 0; i < array_len(unknown); i++) {
		const struct kind k = { "unknown", unknown[i], 24, { 0 }, 0 };

		build(&b, &k);
		want(k.what, k.opcode, decode(&q, &b), -ENOSYS);
		assert_int_equal(q.opcode, unknown[i]);
		assert_int_equal(q.unique, UNIQUE);
	}
}

static void test_who_is_answered(void **state)
{
	(void)state;
	for (uint32_t op = 0; op < 4097; op++)
		assert_int_equal(fuse_is_answered(op), op != 2 && op != 36 && op != 41 && op != 42);
}

/* --- INIT -------------------------------------------------------------------------------- */

static const struct {
	const char *what;
	uint32_t major, minor, flags, flags2;
	size_t len; /* of its struct */
	int error;
	uint32_t out_minor, out_flags, out_flags2;
} inits[] = {
	{ "Linux 5.4", 7, 31, FUSE_ASYNC_READ | FUSE_SPLICE_READ, 0, 16, 0, 31, FUSE_ASYNC_READ,
	  0 },
	{ "Linux 6.1", 7, 38, FUSE_ASYNC_READ | FUSE_INIT_EXT, 5, 64, 0, 38,
	  FUSE_ASYNC_READ | FUSE_INIT_EXT, 4 },
	{ "later", 7, 45, FUSE_ASYNC_READ | FUSE_INIT_EXT, ~0u, 80, 0, 38,
	  FUSE_ASYNC_READ | FUSE_INIT_EXT, 4 },
	{ "flags2 not meant", 7, 38, FUSE_POSIX_LOCKS, 4, 64, 0, 38, FUSE_POSIX_LOCKS, 0 },
	{ "flags2 cut", 7, 38, FUSE_INIT_EXT, 4, 18, 0, 38, FUSE_INIT_EXT, 0 },
	{ "too old", 7, 30, ~0u, 0, 16, -EPROTONOSUPPORT, 38, 0, 0 },
	{ "much too old", 6, 99, ~0u, 0, 16, -EPROTONOSUPPORT, 38, 0, 0 },
	{ "a new protocol", 8, 0, ~0u, 0, 16, 0, 38, 0, 0 },
};

static void test_agree(void **state)
{
	const struct fuse_terms terms = { FUSE_ASYNC_READ | FUSE_POSIX_LOCKS | 4ull << 32, 131072,
					  4096, 128 };

	(void)state;
	for (size_t i = 0; i < array_len(inits); i++) {
		const struct fuse_init_in in = { inits[i].major, inits[i].minor,  65536,
						 inits[i].flags, inits[i].flags2, { 0 } };
		const struct kind k = { inits[i].what, FUSE_INIT, inits[i].len, { 0 }, 0 };
		struct fuse_init_out out;
		struct fuse_request q;
		struct bytes b;

		build(&b, &k);
		memcpy(b.at + sizeof(struct fuse_in_header), &in,
		       k.arg < sizeof(in) ? k.arg : sizeof(in));
		want(k.what, i, fuse_decode(&q, b.at, b.len), 0);
		want(k.what, i, fuse_agree(&out, &q, &terms), inits[i].error);
		assert_int_equal(out.major, 7);
		assert_int_equal(out.minor, inits[i].out_minor);
		assert_int_equal(out.flags, inits[i].out_flags);
		assert_int_equal(out.flags2, inits[i].out_flags2);
		if (inits[i].error || in.major > 7)
			continue;
		assert_int_equal(out.max_write, 131072);
		assert_int_equal(out.max_pages, 32);
		assert_int_equal(out.max_readahead, 65536);
		assert_int_equal(out.max_background, 128);
		assert_int_equal(out.congestion_threshold, 96);
	}
}

static void test_init_cut(void **state)
{
	const struct kind k = { "INIT", FUSE_INIT, 16, { 0 }, 0 };
	struct fuse_request q;
	struct bytes b;

	(void)state;
	build(&b, &k);
	for (size_t len = sizeof(struct fuse_in_header); len < sizeof(struct fuse_in_header) + 16;
	     len++) {
		header_set(&b, &k, len);
		want(k.what, len, decode(&q, &b), -EBADMSG);
	}
}

/* --- entries ----------------------------------------------------------------------------- */

static void test_entries(void **state)
{
	static const char name[] = "0123456789abcdef";
	uint8_t *out = malloc(256);

	(void)state;
	for (uint32_t len = 1; len < sizeof(name); len++) {
		struct fuse_direntplus d = {
			.dirent = { .ino = 1, .off = 2, .namelen = len, .type = 8 }
		};
		size_t plain = 24 + (len + 7) / 8 * 8, plus = 128 + plain;

		memset(out, 0xff, 256);
		assert_int_equal(fuse_put_dirent(out, plain - 1, &d.dirent, name), 0);
		assert_int_equal(fuse_put_direntplus(out, plus - 1, &d, name), 0);
		assert_int_equal(out[0], 0xff);
		assert_int_equal(fuse_put_dirent(out, plain, &d.dirent, name), plain);
		assert_memory_equal(out, &d.dirent, 24);
		assert_memory_equal(out + 24, name, len);
		for (size_t at = 24 + len; at < plain; at++)
			assert_int_equal(out[at], 0);
		assert_int_equal(out[plain], 0xff);
		assert_int_equal(fuse_put_direntplus(out, plus, &d, name), plus);
		assert_memory_equal(out + 128 + 24, name, len);
		assert_int_equal(out[plus], 0xff);
	}
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),           cmocka_unit_test(test_wrong_sizes),
		cmocka_unit_test(test_lies_about_data), cmocka_unit_test(test_wrong_names),
		cmocka_unit_test(test_unknown),         cmocka_unit_test(test_who_is_answered),
		cmocka_unit_test(test_agree),           cmocka_unit_test(test_init_cut),
		cmocka_unit_test(test_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
