/* test_owners_options.c: a drive's options, the metadata of its files, and which extended
 * attributes are its clients'. */
#include "p9d/owners.h"

#include <errno.h>
#include <string.h>

#include "lib/macros.h"
#include "lib/test/cmocka_all.h"

static void test_options(void **state)
{
	static const struct {
		const char *words;
		struct owners_options want; /* over uid 7 */
		const char *wrong;
	} rows[] = {
		{ "", { .uid = 7 }, NULL },
		{ ",,;", { .uid = 7 }, NULL },
		{ "uid=0", { .uid = 0 }, NULL },
		{ "uid=4294967294,gid=1000", { 4294967294, 1000, 0, 0, 0, false, false }, NULL },
		{ "umask=022,fmask=0111;dmask=7", { 7, 0, 022, 0111, 7, false, false }, NULL },
		{ "metadata,case=off", { 7, 0, 0, 0, 0, true, true }, NULL },
		{ "case=off,case=dir", { .uid = 7 }, NULL },
		{ "case=off,case=force", { .uid = 7 }, NULL },
		{ "uid=1,uid=2", { .uid = 2 }, NULL },
		{ "uid=4294967295", { 0 }, "uid=4294967295" },
		{ "gid=99999999999999999999", { 0 }, "gid=99999999999999999999" },
		{ "uid=1,uid=", { 0 }, "uid=" },
		{ "uid", { 0 }, "uid" },
		{ "uid=-1", { 0 }, "uid=-1" },
		{ "uid= 1", { 0 }, "uid= 1" },
		{ "uid=0x1", { 0 }, "uid=0x1" },
		{ "umask=1000,uid=1", { 0 }, "umask=1000" },
		{ "umask=8", { 0 }, "umask=8" },
		{ "fmask=", { 0 }, "fmask=" },
		{ "metadata=1", { 0 }, "metadata=1" },
		{ "Metadata", { 0 }, "Metadata" },
		{ "case=on", { 0 }, "case=on" },
		{ "case", { 0 }, "case" },
		{ "symlinkroot=/mnt/", { 0 }, "symlinkroot=/mnt/" },
		{ "/d", { 0 }, "/d" },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct owners_options o = { .uid = 7 };
		const char *wrong = NULL;
		size_t len = 0;
		int err = owners_parse(&o, rows[i].words, &wrong, &len);

		if (err != (rows[i].wrong ? -EINVAL : 0))
			fail_msg("%s: %d", rows[i].words, err);
		if (rows[i].wrong) {
			assert_int_equal(len, strlen(rows[i].wrong));
			assert_memory_equal(wrong, rows[i].wrong, len);
		} else if (o.uid != rows[i].want.uid || o.gid != rows[i].want.gid ||
			   o.umask != rows[i].want.umask || o.fmask != rows[i].want.fmask ||
			   o.dmask != rows[i].want.dmask || o.metadata != rows[i].want.metadata ||
			   o.folds != rows[i].want.folds) {
			fail_msg("%s", rows[i].words);
		}
	}
}

#define META(ver, have, mode0, mode1) \
	"" ver have "\0\0\1\0\0\0\2\0\0\0" mode0 mode1 "\0\0\3\0\0\0\4\0\0\0"

static void test_meta(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool good;
	} rows[] = {
		{ META("\1", "\7", "\xed", "\1"), 24, true }, /* 0755 */
		{ META("\1", "\0", "\0", "\0"), 24, true },
		{ META("\1", "\xf", "\xb6", "\x21"), 24, true },  /* a character device */
		{ META("\1", "\xc", "\xb6", "\x61"), 24, true },  /* a block device */
		{ META("\1", "\xf", "\xb6", "\x11"), 24, false }, /* a pipe */
		{ META("\1", "\xf", "\xb6", "\1"), 24, false },   /* no type */
		{ META("\1", "\x8", "\xb6", "\x21"), 24, false }, /* no mode */
		{ META("\1", "\7", "\xed", "\x81"), 24, false },  /* a type and no device */
		{ META("\2", "\7", "\xed", "\1"), 24, false },
		{ META("\1", "\x17", "\xed", "\1"), 24, false },
		{ META("\1", "\7", "\xed", "\1"), 23, false },
		{ META("\1", "\7", "\xed", "\1") "\0", 25, false },
		{ "\1\7\1\0\1\0\0\0\2\0\0\0\xed\1\0\0\3\0\0\0\4\0\0\0", 24, false },
		{ "", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct owners_meta meta;
		uint8_t out[OWNERS_META_SIZE];

		if (owners_meta_decode(&meta, rows[i].bytes, rows[i].len) != rows[i].good)
			fail_msg("row %zu", i);
		if (!rows[i].good) {
			assert_int_equal(meta.have, 0);
			continue;
		}
		assert_int_equal(meta.uid, 1);
		assert_int_equal(meta.minor, 4);
		owners_meta_encode(out, &meta);
		assert_memory_equal(out, rows[i].bytes, sizeof(out));
	}
}

static void test_xattr_names(void **state)
{
	static const struct {
		const char *name;
		bool may;
	} rows[] = {
		{ "user.x", true },
		{ "user.landbridge", true },
		{ "user.landbridge.meta", false },
		{ "user.landbridge.", false },
		{ "user", false },
		{ "security.capability", false },
		{ "trusted.overlay.opaque", false },
		{ "system.posix_acl_access", false },
		{ "User.x", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++)
		if (owners_xattr_may(rows[i].name) != rows[i].may)
			fail_msg("%s", rows[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_meta),
		cmocka_unit_test(test_xattr_names),
	};

	return cmocka_run_group_tests_name("owners_options", tests, NULL, NULL);
}
