/* test_who.c: which users may ask for programs of the host. */
#include <string.h>

#include "interop/guest/who.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "ann:x:1000:1000::/home/ann:/bin/sh\n"
			     "bob:x:1001:100::/home/bob:/bin/sh\n"
			     "also:x:1001:1001::/:/bin/sh\n"
			     "broken:x\n"
			     "eve:x:1002:1002::/:/bin/sh\n";
static const char group[] = "root:x:0:\n"
			    "users:x:100:\n"
			    "pilots:x:200:ann,eve\n"
			    "pilot:x:201:bobby\n"
			    "broken:x\n"
			    "odd:x:no:eve\n"
			    "many:x:203:eve:more\n"
			    "wheel:x:202:eve";

static const struct {
	const char *users, *groups;
	uid_t uid;
	bool may;
} rows[] = {
	{ "", "", 1000, true },          { "", "", 4242, true },
	{ "ann", "", 1000, true },       { "ann", "", 1001, false },
	{ "ann", "", 0, true },          { "bob, ann", "", 1000, true },
	{ "an annn", "", 1000, false },  { "also", "", 1001, true },
	{ "1002", "", 1002, true },      { "100", "", 1000, false },
	{ "4242", "", 4242, true },      { "ann", "", 4242, false },
	{ "", "pilots", 1000, true },    { "", "pilots", 1001, false },
	{ "", "pilots", 1002, true },    { "", "pilot", 1001, false },
	{ "", "users", 1001, true }, /* bob's own */
	{ "", "users", 1000, false },    { "", "wheel", 1002, true },
	{ "", "odd", 1002, false },      { "", "broken", 1002, false },
	{ "", "many", 1002, false },     { "", "none", 1000, false },
	{ "bob", "pilots", 1000, true }, { " , ", "", 1000, false },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct who who = { rows[i].users, rows[i].groups };
		char text[sizeof(passwd)];
		struct who_files files = { .passwd = text,
					   .passwd_len = sizeof(passwd) - 1,
					   .group = group,
					   .group_len = sizeof(group) - 1 };

		memcpy(text, passwd, sizeof(passwd));
		if (who_may(&who, rows[i].uid, &files) != rows[i].may)
			fail_msg("row %zu: not %d", i, rows[i].may);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests_name("who", tests, NULL, NULL);
}
