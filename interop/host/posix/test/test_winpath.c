/* test_winpath.c: PATH from Wine's text registry. */
#include "interop/host/posix/winpath.h"

#include <errno.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

/* As Wine 10 has it. */
#define LINKED(body)                                                                            \
	"[System\\\\ControlSet001\\\\Control\\\\Session Manager\\\\Environment] 17\n" body      \
	"\n[System\\\\CurrentControlSet] 17\n#link\n\"SymbolicLinkValue\"=hex(6):5c,00,52,\\\n" \
	"  00,65\n"

#define SYSTEM(body)                                                                              \
	"WINE REGISTRY Version 2\n;; All keys relative to REGISTRY\\\\Machine\n\n#arch=win64\n\n" \
	"[Software\\\\Other] 1\n\"PATH\"=\"C:\\\\wrong\"\n\n"                                     \
	"[System\\\\CurrentControlSet\\\\Control\\\\Session Manager\\\\Environment] 17\n"         \
	"#time=1dd7b7340b0b9aa\n" body "\n[Z] 1\n\"PATH\"=\"C:\\\\wrong\"\n"

static void test_path(void **state)
{
	static const struct {
		const char *system, *user, *want;
	} rows[] = {
		{ SYSTEM("\"PATH\"=str(2):\"%SystemRoot%\\\\system32;%SystemRoot%\""), NULL,
		  "C:\\windows\\system32;C:\\windows" },
		{ SYSTEM("\"Path\"=\"C:\\\\a;;D:\\\\b c;\""),
		  "[Environment] 1\n\"PATH\"=\"E:\\\\u\"", "C:\\a;D:\\b c;E:\\u" },
		{ SYSTEM("\"PATH\"=\"C:\\\\a;%NOPE%\\\\x;C:\\\\50%;C:\\\\z\""), "", "C:\\a;C:\\z" },
		{ SYSTEM("\"PATH\"=\"%APPDATA%\\\\npm;%MINE%\""),
		  "[Environment] 1\n\"MINE\"=\"D:\\\\m\"\n[Volatile Environment] 2\n"
		  "\"APPDATA\"=\"C:\\\\users\\\\ann\\\\AppData\"\n",
		  "C:\\users\\ann\\AppData\\npm;D:\\m" },
		{ SYSTEM("\"PATH\"=\"%LOOP%\"\n\"LOOP\"=str(2):\"%LOOP%\""), NULL, "" },
		{ SYSTEM("\"PATH\"=\"C:\\\\caf\\xe9;C:\\\\\\x20ac\\\"q\""), NULL,
		  "C:\\caf\xc3\xa9;C:\\\xe2\x82\xac\"q" },
		{ SYSTEM("\"PATHEXT\"=\".exe\""), NULL, "" },
		{ SYSTEM("\"PATH\"=dword:00000001"), NULL, "" },
		{ SYSTEM("\"PATH\"=\"no end"), NULL, "" },
		{ SYSTEM("\"PATH\"=\"bad \\q\""), NULL, "" },
		{ LINKED("\"PATH\"=str(2):\"%SystemRoot%;%MINE%\"\n\"MINE\"=\"D:\\\\m\""), NULL,
		  "C:\\windows;D:\\m" },
		{ LINKED("\"PATH\"=\"C:\\\\old\"") SYSTEM("\"PATH\"=\"C:\\\\new\""), NULL,
		  "C:\\new" },
		{ NULL, NULL, "" },
		{ "", "[Environment] 1\r\n\"PATH\"=\"E:\\\\u\"\r\n", "E:\\u" },
	};
	char out[256];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct registry r = {
			{ rows[i].system, rows[i].system ? strlen(rows[i].system) : 0 },
			{ rows[i].user, rows[i].user ? strlen(rows[i].user) : 0 },
		};

		assert_int_equal(winpath_get(&r, out, sizeof(out)), strlen(rows[i].want));
		assert_string_equal(out, rows[i].want);
	}
}

static void test_too_small(void **state)
{
	static const char system[] = SYSTEM("\"PATH\"=\"C:\\\\aaaaaaaaaaaaaaaaaaaaaaa\"");
	struct registry r = { { system, strlen(system) }, { NULL, 0 } };
	char out[16];

	(void)state;
	assert_int_equal(winpath_get(&r, out, sizeof(out)), -ENAMETOOLONG);
	assert_string_equal(out, "");
	assert_int_equal(registry_string(&r.system, "Software\\\\Other", "PATH", out, 4),
			 -ENAMETOOLONG);
	assert_int_equal(registry_string(&r.system, "Software\\\\Other", "path", out, sizeof(out)),
			 strlen("C:\\wrong"));
	assert_int_equal(registry_string(&r.system, "Software", "PATH", out, sizeof(out)), -ENOENT);
}

/* What an installer or two leave behind: 300 directories of more than 40 bytes. */
static void test_long(void **state)
{
	enum { COUNT = 300, LEN = 48 };
	static char user[COUNT * (LEN + 8) + 64], want[COUNT * (LEN + 1)], out[sizeof(want)];
	size_t used = fmt(user, sizeof(user), "[Environment] 1\n\"PATH\"=\""), all = 0;
	struct registry r = { { NULL, 0 }, { user, 0 } };

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		used += fmt(user + used, sizeof(user) - used,
			    "%sD:\\\\directory\\\\with a number and a tail, %d", i ? ";" : "",
			    10000 + i);
		all += fmt(want + all, sizeof(want) - all,
			   "%sD:\\directory\\with a number and a tail, %d", i ? ";" : "",
			   10000 + i);
	}
	r.user.len = used + fmt(user + used, sizeof(user) - used, "\"\n");
	assert_int_equal(winpath_get(&r, out, sizeof(out)), all);
	assert_string_equal(out, want);
	/* With less room, whole directories. */
	assert_int_equal(winpath_get(&r, out, 100), -ENAMETOOLONG);
	assert_int_equal(strlen(out),
			 2 * strlen("D:\\directory\\with a number and a tail, 10000") + 1);
	assert_memory_equal(out, want, strlen(out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_too_small),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests_name("winpath", tests, NULL, NULL);
}
