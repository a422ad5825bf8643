/* test_script.c: the first line of a script. */
#include <string.h>

#include "binfmt/binfmt.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void test_lines(void **state)
{
	static const struct {
		const char *line, *interpreter, *arg; /* NULL: none */
	} rows[] = {
		{ "#!/bin/sh\n", "/bin/sh", NULL },
		{ "#!/bin/sh", "/bin/sh", NULL },
		{ "#! \t/bin/sh -e\necho x\n", "/bin/sh", "-e" },
		{ "#!/usr/bin/env  python3 -u \t\n", "/usr/bin/env", "python3 -u" },
		{ "#!/bin/sh \n", "/bin/sh", NULL },
		{ "#!/bin/sh\r\n", "/bin/sh", NULL },
		{ "#!\n/bin/sh\n", NULL, NULL },
		{ "#! \t \n", NULL, NULL },
		{ "#!", NULL, NULL },
		{ "#", NULL, NULL },
		{ "", NULL, NULL },
		{ "@echo off\r\n", NULL, NULL },
		{ " #!/bin/sh\n", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		char line[SCRIPT_LINE];
		const char *interpreter, *arg;
		bool is;

		fmt(line, sizeof(line), "%s", rows[i].line);
		is = script_line(line, &interpreter, &arg);
		if (is != (rows[i].interpreter != NULL))
			fail_msg("row %zu: %d", i, is);
		if (!is)
			continue;
		assert_string_equal(interpreter, rows[i].interpreter);
		if (rows[i].arg)
			assert_string_equal(arg, rows[i].arg);
		else
			assert_null(arg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
