/* test_winenv.c: one list of variables laid over another. */
#include "interop/host/winenv.h"

#include <stdlib.h>
#include <wctype.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

/* As CompareStringOrdinal, for what is in these tables. */
static int compare(const wchar_t *a, size_t a_len, const wchar_t *b, size_t b_len)
{
	for (size_t i = 0; i < a_len && i < b_len; i++)
		if (towupper((wint_t)a[i]) != towupper((wint_t)b[i]))
			return towupper((wint_t)a[i]) < towupper((wint_t)b[i]) ? -1 : 1;
	return (a_len > b_len) - (a_len < b_len);
}

/* | is a NUL, and none is at the end of `ours`, which gets two. */
static wchar_t *list(const wchar_t *text, size_t *count)
{
	size_t len = wcslen(text);
	wchar_t *made = calloc(len + 2, sizeof(*made));

	assert_non_null(made);
	for (size_t i = 0; i < len; i++)
		made[i] = text[i] == L'|' ? L'\0' : text[i];
	*count = len;
	return made;
}

static const struct {
	const wchar_t *ours, *over, *want;
} rows[] = {
	{ L"", L"", L"" },
	{ L"A=1", L"", L"A=1|" },
	{ L"", L"A=1|", L"A=1|" },
	{ L"B=2|A=1", L"C=3|", L"A=1|B=2|C=3|" },
	{ L"Path=old|X=1", L"PATH=new|", L"PATH=new|X=1|" },
	{ L"A=1", L"A=2|a=3|", L"a=3|" },
	{ L"=C:=C:\\dir|A=1", L"=c:=C:\\other|", L"=c:=C:\\other|A=1|" },
	{ L"AB=1|A=1", L"A=|", L"A=|AB=1|" },
	{ L"A=1", L"B", L"A=1|B|" },           /* no =: a name alone */
	{ L"A=1", L"B=1||C=3|", L"A=1|B=1|" }, /* an empty entry ends it */
	{ L"A=1", L"B=x=y|", L"A=1|B=x=y|" },
};

static void test_join(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		size_t ours_len, over_len, want_len;
		wchar_t *ours = list(rows[i].ours, &ours_len);
		wchar_t *over = list(rows[i].over, &over_len);
		wchar_t *want = list(rows[i].want, &want_len);
		wchar_t *got = winenv_join(ours, over, over_len, compare);

		assert_non_null(got);
		assert_memory_equal(got, want, (want_len + 1) * sizeof(*want));
		free(ours);
		free(over);
		free(want);
		free(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_join) };

	return cmocka_run_group_tests_name("winenv", tests, NULL, NULL);
}
