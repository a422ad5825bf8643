/* test_accounts.c: passwd(5), group(5), locale files and the environment. */
#include "lib/accounts.h"

#include <string.h>

#include "init/env.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void test_passwd(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "root:x:0:0:root:/root:/bin/bash\n", "root 0 0 /root /bin/bash;" },
		{ "a:x:1000:1001:A,,:/home/a:/bin/zsh", "a 1000 1001 /home/a /bin/zsh;" },
		{ "a:x:1:2:::\n", "a 1 2  ;" },
		/* Malformed ones do not count, what follows them does. */
		{ "a:x:1:2::/:/s:extra\nb:x:1:2::/:/s\n", "b 1 2 / /s;" },
		{ "a:x:1:2::/\n\n#c\nb:x:1:2::/:/s\n", "b 1 2 / /s;" },
		{ ":x:1:2::/:/s\n", "" },
		{ "a:x:-1:2::/:/s\nb:x:1:+2::/:/s\nc:x::2::/:/s\nd:x:1x:2::/:/s\n", "" },
		{ "a:x:4294967294:0::/:/s\n", "a 4294967294 0 / /s;" },
		{ "a:x:4294967295:0::/:/s\nb:x:99999999999:0::/:/s\n", "" },
		{ "+::::::\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		char text[256], got[256] = "";
		size_t len = strlen(rows[i].text), at = 0;
		char *pos = text;
		struct account u;

		memcpy(text, rows[i].text, len);
		while (account_next(&pos, text + len, &u))
			at += fmt(got + at, sizeof(got) - at, "%s %u %u %s %s;", u.name,
				  (unsigned)u.uid, (unsigned)u.gid, u.home, u.shell);
		assert_string_equal(got, rows[i].want);
	}
}

static void test_passwd_nul(void **state)
{
	char text[] = "a\0b:x:1:2::/:/s\nc:x:3:4::/:/s\n-";
	char *at = text;
	struct account u;

	(void)state;
	assert_true(account_next(&at, text + sizeof(text) - 2, &u));
	assert_string_equal(u.name, "c");
	assert_false(account_next(&at, text + sizeof(text) - 2, &u));
}

static void test_groups(void **state)
{
	static const char text[] = "root:x:0:\n"
				   "adm:x:4:syslog,me\n"
				   "me:x:1000:\n"
				   "sudo:x:27:me\n"
				   "docker:x:999:metoo,tome,me,you\n"
				   "again:x:27:me\n"
				   "primary:x:1000:me\n"
				   "bad:x:zz:me\n"
				   "short:x:5\n"
				   "long:x:6:me:more\n"
				   "last:x:7:me";
	static const gid_t want[] = { 1000, 4, 27, 999, 7 };
	gid_t at[8] = { 1000 };
	struct gids gids = { at, 1, 8 };

	(void)state;
	account_groups(&gids, text, sizeof(text) - 1, "me");
	assert_int_equal(gids.count, 5);
	assert_memory_equal(at, want, sizeof(want));
	gids = (struct gids){ at, 1, 3 };
	account_groups(&gids, text, sizeof(text) - 1, "me");
	assert_int_equal(gids.count, 3);
	gids.count = 1;
	account_groups(&gids, text, sizeof(text) - 1, "nobody");
	account_groups(&gids, "", 0, "me");
	assert_int_equal(gids.count, 1);
}

static void test_lang(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "LANG=de_DE.UTF-8\n", "de_DE.UTF-8" },
		{ "# c\nLANG=\"C.UTF-8\"\n", "C.UTF-8" },
		{ "export LANG='x'\nLANGUAGE=y\n", "x" },
		{ "LANG=a\nLANG=b # c", "b" },
		{ "LANGUAGE=a\nLC_ALL=b\n", NULL },
		{ "#LANG=a\n", NULL },
		{ "LANG=\n", NULL },
		{ "", NULL },
	};
	char got[16];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		assert_int_equal(lang_parse(rows[i].text, got, sizeof(got)), rows[i].want != NULL);
		if (rows[i].want)
			assert_string_equal(got, rows[i].want);
	}
	assert_false(lang_parse("LANG=much-too-long-for-that", got, sizeof(got)));
}

static void test_env(void **state)
{
	char *at[4] = { NULL }, text[17];
	struct env env = { .at = at, .max = 4, .text = text, .size = sizeof(text) };

	(void)state;
	env_set(&env, "A", "1");
	env_set(&env, "AB", "2");
	env_put(&env, (char[]){ "A=3" });
	env_put(&env, (char[]){ "=x" });
	env_put(&env, (char[]){ "novalue" });
	assert_int_equal(env.count, 2);
	assert_string_equal(at[0], "A=3");
	assert_string_equal(at[1], "AB=2");
	env_set(&env, "C", "67890");
	assert_int_equal(env.count, 3);
	assert_false(env.full);
	assert_null(at[3]);
	env_put(&env, (char[]){ "D=5" });
	assert_true(env.full);
	env.full = false;
	env_set(&env, "A", "x");
	assert_true(env.full);
	assert_string_equal(at[0], "A=3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passwd), cmocka_unit_test(test_passwd_nul),
		cmocka_unit_test(test_groups), cmocka_unit_test(test_lang),
		cmocka_unit_test(test_env),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
