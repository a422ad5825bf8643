/* test_drives.c: which drives can be read-only. */
#include "interop/host/drives.h"

#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void read_only_in_others(void **state)
{
	static const struct {
		const char *drives[4];
		const char *word; /* of the refusal; NULL: none */
	} rows[] = {
		{ { "D:=/a", "E:=/b,ro" }, NULL },
		{ { "D:=/a", "E:=/a/b,ro" }, "lies in D:" },
		{ { "E:=/a/b,ro", "D:=/a" }, "lies in D:" },
		{ { "D:=/a", "E:=/a,ro" }, "lies in D:" },
		{ { "D:=/", "E:=/a,ro" }, "lies in D:" },
		{ { "D:=/a", "E:=/ab,ro" }, NULL },
		{ { "D:=/a,ro", "E:=/a/b,ro" }, NULL },
		{ { "D:=/a,ro", "E:=/a/b" }, NULL },
		{ { "C:=/home/wine/drive_c,ro" }, "Wine writes" },
		{ { "C:=/home/wine/drive_c", "D:=/home,ro" }, NULL },
		{ { "D:=/home/winery,ro" }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct drives drives = { 0 };
		struct fault why = { 0 };

		for (size_t j = 0; rows[i].drives[j]; j++)
			assert_int_equal(drive_parse(&drives, rows[i].drives[j], &why), 0);
		assert_int_equal(drives_check(&drives, "/home/wine", &why), rows[i].word ? -1 : 0);
		if (rows[i].word && !strstr(why.text, rows[i].word))
			fail_msg("row %zu: %s", i, why.text);
	}
}

static void letters(void **state)
{
	static const struct {
		const char *text;
		char letter;
	} rows[] = {
		{ "E:", 'E' }, { "z:", 'Z' }, { "E", 0 },     { "", 0 },
		{ ":", 0 },    { "E:=", 0 },  { "E:\\", 0 },  { "1:", 0 },
		{ "EE:", 0 },  { "[:", 0 },   { "\xc3:", 0 },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++)
		assert_int_equal(drive_letter(rows[i].text), rows[i].letter);
}

static void come_and_go(void **state)
{
	struct drives drives = { 0 };

	(void)state;
	for (int letter = 'C'; letter <= 'F'; letter++)
		drives_add(&drives, (char)letter, "/x");
	drives_drop(&drives, 'D');
	drives_drop(&drives, 'D');
	drives_drop(&drives, 'F');
	assert_int_equal(drives_letters(&drives), 1 << 2 | 1 << 4);
	drives_drop(&drives, 'C');
	drives_drop(&drives, 'E');
	assert_int_equal(drives.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(read_only_in_others),
					    cmocka_unit_test(letters),
					    cmocka_unit_test(come_and_go) };

	return cmocka_run_group_tests_name("drives", tests, NULL, NULL);
}
