/* test_wire.c: every message: there and back, cut at every byte, too long. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/lib.h"
#include "p9d/wire/wire.h"

/* A message in which every member that any line of the table uses differs. */
static struct p9_msg sample(uint8_t type)
{
	struct p9_msg m;

	memset(&m, 0, sizeof(m));
	m = (struct p9_msg){
		.type = type,
		.tag = 0x1234,
		.fid = 0x01020304,
		.newfid = 0x11121314,
		.error = 5,
		.msize = 8192,
		.uid = 1000,
		.gid = 1001,
		.mode = 0100644,
		.flags = 0x8001,
		.wflags = 5,
		.major = 8,
		.minor = 1,
		.iounit = 4096,
		.proc_id = 77,
		.datasync = 1,
		.oldtag = 9,
		.walked = 3,
		.lock_type = 1,
		.status = 2,
		.mask = 0x7ff,
		.offset = 0x1122334455667788,
		.length = 99,
		.name = { "name", 4 },
		.target = { "t/arget", 7 },
		.qid = { 0x80, 0x21222324, 0x3132333435363738 },
		.count = 5,
		.data = (const uint8_t *)"bytes",
		.name_count = 2,
		.names = { { "a", 1 }, { "", 0 } },
		.qid_count = 2,
		.qids = { { 1, 2, 3 }, { 4, 5, 6 } },
		.statfs = { 1, 2, 3, 4, 5, 6, 7, 8, 9 },
	};
	m.attr = (struct p9_attr){
		.mode = 0100600,
		.uid = 1,
		.gid = 2,
		.nlink = 3,
		.rdev = 4,
		.size = 5,
		.blksize = 6,
		.blocks = 7,
		.atime = { 8, 9 },
		.mtime = { 10, 11 },
		.ctime = { 12, 13 },
		.btime = { 14, 15 },
		.gen = 16,
		.data_version = 17,
	};
	return m;
}

/* Lengths of whole messages, from the protocol's documents, for sample(). */
static const struct {
	uint8_t type;
	int len;
} lengths[] = {
	{ P9_RLERROR, 11 },       { P9_TSTATFS, 11 },         { P9_TSTATFS + 1, 67 },
	{ P9_TLOPEN, 15 },        { P9_TLOPEN + 1, 24 },      { P9_TLCREATE, 29 },
	{ P9_TLCREATE + 1, 24 },  { P9_TSYMLINK, 30 },        { P9_TSYMLINK + 1, 20 },
	{ P9_TMKNOD, 33 },        { P9_TMKNOD + 1, 20 },      { P9_TRENAME, 21 },
	{ P9_TRENAME + 1, 7 },    { P9_TREADLINK, 11 },       { P9_TREADLINK + 1, 16 },
	{ P9_TGETATTR, 19 },      { P9_TGETATTR + 1, 160 },   { P9_TSETATTR, 67 },
	{ P9_TSETATTR + 1, 7 },   { P9_TXATTRWALK, 21 },      { P9_TXATTRWALK + 1, 15 },
	{ P9_TXATTRCREATE, 29 },  { P9_TXATTRCREATE + 1, 7 }, { P9_TREADDIR, 23 },
	{ P9_TREADDIR + 1, 16 },  { P9_TFSYNC, 15 },          { P9_TFSYNC + 1, 7 },
	{ P9_TLOCK, 42 },         { P9_TLOCK + 1, 8 },        { P9_TGETLOCK, 38 },
	{ P9_TGETLOCK + 1, 34 },  { P9_TLINK, 21 },           { P9_TLINK + 1, 7 },
	{ P9_TMKDIR, 25 },        { P9_TMKDIR + 1, 20 },      { P9_TRENAMEAT, 30 },
	{ P9_TRENAMEAT + 1, 7 },  { P9_TUNLINKAT, 21 },       { P9_TUNLINKAT + 1, 7 },
	{ P9_TVERSION, 17 },      { P9_TVERSION + 1, 17 },    { P9_TAUTH, 30 },
	{ P9_TAUTH + 1, 20 },     { P9_TATTACH, 34 },         { P9_TATTACH + 1, 20 },
	{ P9_TFLUSH, 9 },         { P9_TFLUSH + 1, 7 },       { P9_TWALK, 22 },
	{ P9_TWALK + 1, 35 },     { P9_TREAD, 23 },           { P9_TREAD + 1, 16 },
	{ P9_TWRITE, 28 },        { P9_TWRITE + 1, 11 },      { P9_TCLUNK, 11 },
	{ P9_TCLUNK + 1, 7 },     { P9_TREMOVE, 11 },         { P9_TREMOVE + 1, 7 },
	{ P9_TACCESS, 15 },       { P9_TACCESS + 1, 7 },      { P9_TWREADDIR, 23 },
	{ P9_TWREADDIR + 1, 16 }, { P9_TWOPEN, 46 },          { P9_TWOPEN + 1, 168 },
	{ P9_TWSEEK, 23 },        { P9_TWSEEK + 1, 15 },      { P9_TWRENAME, 34 },
	{ P9_TWRENAME + 1, 7 },   { P9_TWWATCH, 7 },          { P9_TWWATCH + 1, 16 },
	{ P9_TWLIST, 38 },        { P9_TWLIST + 1, 33 },
};

static void test_every_type_is_here(void **state)
{
	unsigned named = 0;

	(void)state;
	for (unsigned type = 0; type < 256; type++)
		named += p9_type_name((uint8_t)type) != NULL;
	assert_int_equal(named, array_len(lengths));
}

static void test_there_and_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(lengths); i++) {
		struct p9_msg m = sample(lengths[i].type), back;
		uint8_t first[512], second[512];
		int len = p9_encode(&m, first, sizeof(first));

		if (len != lengths[i].len)
			fail_msg("%s: %d bytes, want %d", p9_type_name(m.type), len,
				 lengths[i].len);
		memset(&back, 0, sizeof(back));
		assert_int_equal(p9_decode(&back, first, (size_t)len), 0);
		assert_int_equal(back.type, m.type);
		assert_int_equal(back.tag, m.tag);
		assert_int_equal(p9_encode(&back, second, sizeof(second)), len);
		assert_memory_equal(first, second, (size_t)len);
	}
}

/* Exact memory, so that the sanitizer sees a read beyond the message. */
static int decode_exact(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct p9_msg m;
	struct writer w;
	int err;

	assert_non_null(copy);
	if (len)
		memcpy(copy, bytes, len);
	if (len >= 4) {
		writer_init(&w, copy, len);
		w.used = len;
		write_u32_at(&w, 0, (uint32_t)len);
	}
	err = p9_decode(&m, copy, len);
	free(copy);
	return err;
}

static void test_cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(lengths); i++) {
		struct p9_msg m = sample(lengths[i].type);
		uint8_t buf[512];
		int len = p9_encode(&m, buf, sizeof(buf));

		for (int cut = 0; cut < len; cut++) {
			bool allowed = m.type == P9_TFSYNC && cut == 11;

			if (decode_exact(buf, (size_t)cut) != (allowed ? 0 : -EPROTO))
				fail_msg("%s cut at %d", p9_type_name(m.type), cut);
		}
	}
}

static void test_too_long(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(lengths); i++) {
		struct p9_msg m = sample(lengths[i].type);
		uint8_t buf[512] = { 0 };
		int len = p9_encode(&m, buf, sizeof(buf));

		if (decode_exact(buf, (size_t)len + 1) != -EPROTO)
			fail_msg("%s with a byte left over", p9_type_name(m.type));
	}
}

static void test_no_room(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(lengths); i++) {
		struct p9_msg m = sample(lengths[i].type);

		for (int size = 0; size < lengths[i].len; size++) {
			uint8_t *buf = malloc((size_t)size + 1);

			assert_int_equal(p9_encode(&m, buf, (size_t)size), -EMSGSIZE);
			free(buf);
		}
	}
}

static void test_wrong(void **state)
{
	static const struct {
		const char *what;
		uint8_t bytes[32];
		size_t len;
		int want;
	} cases[] = {
		{ "nothing", { 0 }, 0, -EPROTO },
		{ "size says less", { 8, 0, 0, 0, 120, 1, 0, 1, 0, 0, 0 }, 11, -EPROTO },
		{ "size says more", { 12, 0, 0, 0, 120, 1, 0, 1, 0, 0, 0 }, 11, -EPROTO },
		{ "unknown type", { 7, 0, 0, 0, 200, 1, 0 }, 7, -EOPNOTSUPP },
		{ "type 0", { 7, 0, 0, 0, 0, 1, 0 }, 7, -EOPNOTSUPP },
		{ "Tlerror", { 7, 0, 0, 0, 6, 1, 0 }, 7, -EOPNOTSUPP },
		{ "Topen of plain 9P", { 7, 0, 0, 0, 112, 1, 0 }, 7, -EOPNOTSUPP },
		{ "Twalk with 17 names",
		  { 17, 0, 0, 0, 110, 1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 17, 0 },
		  17,
		  -EINVAL },
		{ "Twalk with 65535 names",
		  { 17, 0, 0, 0, 110, 1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 255, 255 },
		  17,
		  -EINVAL },
		{ "string beyond the end",
		  { 15, 0, 0, 0, 100, 255, 255, 0, 32, 0, 0, 255, 255, 'x', 'y' },
		  15,
		  -EPROTO },
		{ "Twrite count beyond the end",
		  { 24, 0, 0, 0, 118, 1, 0, 1,   0,   0,   0,   0,
		    0,  0, 0, 0, 0,   0, 0, 255, 255, 255, 255, 'x' },
		  24,
		  -EPROTO },
	};

	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		struct p9_msg m;
		int err = p9_decode(&m, cases[i].bytes, cases[i].len);

		if (err != cases[i].want)
			fail_msg("%s: %d, want %d", cases[i].what, err, cases[i].want);
	}
}

static void test_changes(void **state)
{
	const struct p9_change change = { .dir = 7,
					  .what = P9_CHANGE_CREATE | P9_CHANGE_MODIFY,
					  .pair = 3,
					  .name = { "abc", 3 } };
	uint8_t bytes[P9_CHANGE_HEADER + 3];
	struct p9_change back;
	struct writer w;
	struct reader r;

	(void)state;
	writer_init(&w, bytes, sizeof(bytes));
	assert_true(p9_change_put(&w, &change));
	assert_int_equal(w.used, sizeof(bytes));
	assert_false(p9_change_put(&w, &change));
	reader_init(&r, bytes, sizeof(bytes));
	assert_true(p9_change_get(&r, &back));
	assert_int_equal(back.dir, 7);
	assert_int_equal(back.what, change.what);
	assert_int_equal(back.pair, 3);
	assert_memory_equal(back.name.at, "abc", back.name.len);
	assert_false(p9_change_get(&r, &back));
	assert_false(r.bad);
	for (size_t cut = 1; cut < sizeof(bytes); cut++) {
		reader_init(&r, bytes, cut);
		assert_false(p9_change_get(&r, &back));
		assert_true(r.bad);
	}
}

static void test_dirents(void **state)
{
	struct p9_dirent entry = {
		.qid = { 1, 2, 3 },
		.offset = 4,
		.type = 8,
		.name = { "file", 4 },
		.attr = { .mode = 0100644, .size = 12, .ctime = { 5, 6 } },
	};

	(void)state;
	for (int with_attr = 0; with_attr < 2; with_attr++) {
		size_t len = P9_DIRENT_HEADER + 4 + (with_attr ? P9_DIRENT_ATTR : 0);
		uint8_t buf[256];
		struct p9_dirent back;
		struct writer w;
		struct reader r;

		writer_init(&w, buf, len * 2 - 1);
		assert_true(p9_dirent_put(&w, &entry, with_attr));
		assert_false(p9_dirent_put(&w, &entry, with_attr));
		assert_int_equal(w.used, len);
		reader_init(&r, buf, w.used);
		assert_true(p9_dirent_get(&r, &back, with_attr));
		assert_int_equal(back.offset, 4);
		assert_int_equal(back.name.len, 4);
		assert_false(p9_dirent_get(&r, &back, with_attr));
		assert_false(r.bad);
		reader_init(&r, buf, w.used - 1);
		assert_false(p9_dirent_get(&r, &back, with_attr));
		assert_true(r.bad);
	}
}

/* With bytes, with none because there are none, and with none at all. */
static void test_listed(void **state)
{
	static const struct {
		uint32_t count;
		size_t len;
	} cases[] = { { 5, 5 }, { 0, 0 }, { P9_NO_BYTES, 0 } };

	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		struct p9_listed listed = { .entry = { .offset = 4, .name = { "file", 4 } },
					    .count = cases[i].count,
					    .bytes = (const uint8_t *)"bytes" },
				 back;
		size_t len = P9_LISTED_HEADER + 4 + cases[i].len, room;
		uint8_t buf[512];
		struct writer w;
		struct reader r;

		writer_init(&w, buf, len * 2 - 1);
		assert_ptr_equal(p9_listed_place(&w, 4, &room), buf + P9_LISTED_HEADER + 4);
		assert_int_equal(room, len * 2 - 1 - P9_LISTED_HEADER - 4);
		assert_true(p9_listed_put(&w, &listed));
		assert_int_equal(w.used, len);
		assert_false(p9_listed_put(&w, &listed));
		reader_init(&r, buf, len);
		assert_true(p9_listed_get(&r, &back));
		assert_int_equal(back.entry.offset, 4);
		assert_int_equal(back.count, cases[i].count);
		if (cases[i].len)
			assert_memory_equal(back.bytes, "bytes", cases[i].len);
		assert_false(p9_listed_get(&r, &back));
		assert_false(r.bad);
		for (size_t cut = 1; cut < len; cut++) {
			reader_init(&r, buf, cut);
			assert_false(p9_listed_get(&r, &back));
			assert_true(r.bad);
		}
	}
}

/* A server reads files to where their bytes go. */
static void test_listed_in_place(void **state)
{
	struct p9_listed listed = { .entry = { .name = { "file", 4 } }, .count = 3 }, back;
	uint8_t buf[P9_LISTED_HEADER + 4 + 3];
	struct writer w;
	struct reader r;
	size_t room;

	(void)state;
	writer_init(&w, buf, sizeof(buf));
	listed.bytes = p9_listed_place(&w, 4, &room);
	assert_int_equal(room, 3);
	memcpy(p9_listed_place(&w, 4, &room), "abc", 3);
	assert_true(p9_listed_put(&w, &listed));
	assert_null(p9_listed_place(&w, 4, &room));
	assert_int_equal(room, 0);
	reader_init(&r, buf, sizeof(buf));
	assert_true(p9_listed_get(&r, &back));
	assert_memory_equal(back.bytes, "abc", 3);
}

static void test_data_in_place(void **state)
{
	uint8_t buf[64];
	struct p9_msg m = {
		.type = P9_TREAD + 1, .tag = 1, .count = 4, .data = buf + P9_DATA_HEADER
	};

	(void)state;
	memcpy(buf + P9_DATA_HEADER, "data", 4);
	assert_int_equal(p9_encode(&m, buf, sizeof(buf)), P9_DATA_HEADER + 4);
	assert_memory_equal(buf + P9_DATA_HEADER, "data", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_is_here),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_dirents),
		cmocka_unit_test(test_listed),
		cmocka_unit_test(test_listed_in_place),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_data_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
