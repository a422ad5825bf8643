/* test_text.c: what may be shown on a terminal, and what is a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/lib.h"
#include "lib/text.h"

static const struct {
	const char *text;
	bool clean;
} cases[] = {
	{ "", true },
	{ "plain ~", true },
	{ "tab\t", false },
	{ "line\n", false },
	{ "\x1b[2J", false },
	{ "\x7f", false },
	{ "\xc3\xa9t\xc3\xa9", true }, /* e acute */
	{ "\xd0\x9b", true },          /* a letter with 9b in it */
	{ "\xe2\x82\xac", true },      /* the euro */
	{ "\xf0\x9f\x98\x80", true },  /* four bytes */
	{ "a\xc2\x9b"
	  "31m",
	  false },              /* CSI in UTF-8 */
	{ "a\xc2\x80", false }, /* the first of C1 */
	{ "a\xc2\x9f", false }, /* the last */
	{ "a\xc2\xa0", true },  /* the one after: no-break space */
	{ "a\x9b"
	  "31m",
	  false },             /* CSI in one byte */
	{ "\xe2\x9b", false }, /* a character cut short leaves a bare 9b */
	{ "\xc2", true },
	{ "\xff\xfe", true },
};

static void clean_or_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(cases); i++)
		if (text_clean(cases[i].text, strlen(cases[i].text)) != cases[i].clean)
			fail_msg("case %zu: not %d", i, cases[i].clean);
}

static const struct {
	const char *text, *extra;
	size_t len;
} spans[] = {
	{ "", "", 0 },          { "", ".-", 0 },     { "azAZ09", "", 6 },   { "a b", "", 1 },
	{ "a.b-c/d", ".-", 5 }, { "@[`{/:", "", 0 }, { "\xc3\xa9", "", 0 }, { "x\xe4y", ".-_", 1 },
};

static void spans_of_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(spans); i++)
		if (ascii_span(spans[i].text, spans[i].extra) != spans[i].len)
			fail_msg("case %zu: not %zu", i, spans[i].len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_or_not),
		cmocka_unit_test(spans_of_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
