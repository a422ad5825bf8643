/* test_operand.c: what landbridge cp copies, as people write it. */
#include "interop/host/operand.h"

#include <stdlib.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

#define LONG "a234567890123456789012345678901234567890123456789012345678901234567890"

static void test_parse(void **state)
{
	static const struct {
		const char *text, *machine, *path; /* machine NULL: refused, path: what for */
	} rows[] = {
		{ "boat:/etc/passwd", "boat", "/etc/passwd" },
		{ "boat:notes", "boat", "notes" },
		{ "boat:", "boat", "" },
		{ "boat:a:b", "boat", "a:b" },
		{ "b.1-x_y://", "b.1-x_y", "//" },
		{ "notes", "", "notes" },
		{ "./a:b", "", "./a:b" },
		{ "/a:b", "", "/a:b" },
		{ "dir/a:b", "", "dir/a:b" },
		{ ":b", "", ":b" },
		{ "-", "", "-" },
		{ "-a", "", "-a" },
		{ "..", "", ".." },
		{ "", NULL, "without a name" },
		{ "-a:b", NULL, "./-a:b" },
		{ "a b:/x", NULL, "no machine has such a name" },
		{ "..:/x", NULL, "no machine" },
		{ LONG ":/x", NULL, "no machine" },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct operand operand;
		struct fault why = { 0 };
		int r = operand_parse(&operand, rows[i].text, &why);

		print_message("%s\n", rows[i].text);
		assert_int_equal(r, rows[i].machine ? 0 : -1);
		if (r < 0) {
			assert_int_equal(why.status, HOST_FAILED);
			assert_non_null(strstr(why.text, rows[i].path));
			continue;
		}
		assert_string_equal(operand.machine, rows[i].machine);
		assert_string_equal(operand.path, rows[i].path);
	}
}

static void test_check(void **state)
{
	static const struct {
		const char *texts[4], *why; /* NULL: all well */
	} rows[] = {
		{ { "a", "boat:/x" }, NULL },
		{ { "boat:/x", "." }, NULL },
		{ { "boat:/x", "ship:/y" }, NULL },
		{ { "a", "boat:/x", "b" }, NULL },
		{ { "boat:/x" }, "where to" },
		{ { NULL }, "where to" },
		{ { "a", "b" }, "unable to copy to b" },
		{ { "./boat:/x", "b" }, "NAME:PATH" },
		{ { "a", "", "boat:" }, "without a name" },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		char *texts[4] = { NULL };
		struct fault why = { 0 };

		for (size_t j = 0; rows[i].texts[j]; j++)
			texts[j] = strdup(rows[i].texts[j]);
		assert_int_equal(operands_check(texts, &why), rows[i].why ? -1 : 0);
		if (rows[i].why)
			assert_non_null(strstr(why.text, rows[i].why));
		for (size_t j = 0; texts[j]; j++)
			free(texts[j]);
	}
	assert_int_equal(operands_check(NULL, &(struct fault){ 0 }), -1);
}

static void test_base(void **state)
{
	static const struct {
		const char *path, *base;
	} rows[] = {
		{ "/etc/passwd", "passwd" },
		{ "passwd", "passwd" },
		{ "/etc/", "etc" },
		{ "etc///", "etc" },
		{ "/", "" },
		{ "", "" },
		{ ".", "" },
		{ "/etc/.", "" },
		{ "a/..", "" },
		{ "a/../", "" },
		{ "a/...", "..." },
		{ "a/.b", ".b" },
	};
	size_t len;

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		const char *base = operand_base(rows[i].path, &len);

		assert_int_equal(len, strlen(rows[i].base));
		assert_memory_equal(base, rows[i].base, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_base),
	};

	return cmocka_run_group_tests_name("operand", tests, NULL, NULL);
}
