/* test_winline.c: quoting for Windows programs and batch files, by table. */
#include "interop/host/winline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

struct row {
	const char *arg, *want;
};

static void test_program_args(void **state)
{
	static const struct row rows[] = {
		{ "", "\"\"" },
		{ "abc", "abc" },
		{ "a b", "\"a b\"" },
		{ "a\\b", "a\\b" },
		{ "a b\\", "\"a b\\\\\"" },
		{ "a\"b", "\"a\\\"b\"" },
		{ "a\\\"b", "\"a\\\\\\\"b\"" },
		{ "a\\\\\"b", "\"a\\\\\\\\\\\"b\"" },
		{ "\\", "\\" },
		{ "\\\\", "\\\\" },
		{ "\"", "\"\\\"\"" },
		{ "a\\\\\\b", "a\\\\\\b" },
		{ "tab\tx", "\"tab\tx\"" },
		{ "*.c", "\"*.c\"" },
		{ "what?", "\"what?\"" },
		{ "50%", "50%" },
		{ "x %y%", "\"x %y%\"" },
		{ "a&b|c^d", "a&b|c^d" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
	};
	char buf[WINLINE_BYTES], want[256];
	struct winline line;

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		assert_int_equal(winline_begin(&line, buf, sizeof(buf), "x.exe"), 0);
		assert_int_equal(winline_arg(&line, rows[i].arg), 0);
		assert_int_equal(winline_end(&line), 0);
		fmt(want, sizeof(want), "\"x.exe\" %s", rows[i].want);
		assert_string_equal(buf, want);
	}
}

static void test_batch_args(void **state)
{
	static const struct row rows[] = {
		{ "abc", "abc" },
		{ "", "\"\"" },
		{ "50%", "\"50%%cd:~,%\"" },
		{ "%OS%", "\"%%cd:~,%OS%%cd:~,%\"" },
		{ "\"&calc.exe", "\"\"\"&calc.exe\"" },
		{ "a&b", "\"a&b\"" },
		{ "a|b", "\"a|b\"" },
		{ "a^b", "\"a^b\"" },
		{ "a!b", "\"a!b\"" },
		{ "(a)", "\"(a)\"" },
		{ "C:\\dir\\", "\"C:\\dir\\\\\"" },
		{ "say \"hi\"", "\"say \"\"hi\"\"\"" },
		{ "x\\\"y", "\"x\\\\\"\"y\"" },
		{ "/x:y@z#$*", "/x:y@z#$*" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "\xc2\x85", "\"\xc2\x85\"" },
	};
	char buf[WINLINE_BYTES], want[256];
	struct winline line;

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		assert_int_equal(winbatch_begin(&line, buf, sizeof(buf), "C:\\t.bat"), 0);
		assert_int_equal(winbatch_arg(&line, rows[i].arg), 0);
		assert_int_equal(winbatch_end(&line), 0);
		fmt(want, sizeof(want), "cmd.exe /e:ON /v:OFF /d /c \"\"C:\\t.bat\" %s\"",
		    rows[i].want);
		assert_string_equal(buf, want);
	}
}

/* What follows cmd.exe, up to five arguments. */
static void test_cmd_lines(void **state)
{
	static const struct {
		const char *args[6];
		const char *want;
	} rows[] = {
		{ { NULL }, "" },
		{ { "/c" }, " /s /c \"\"" },
		{ { "/q", "a b" }, " /q \"a b\"" },
		{ { "/c", "ver" }, " /s /c \"ver\"" },
		{ { "/d", "/K", "ver" }, " /d /s /K \"ver\"" },
		{ { "/c", "echo \"a b\"" }, " /s /c \"echo \"a b\"\"" },
		{ { "/c", "echo a&echo b 1>&2" }, " /s /c \"echo a&echo b 1>&2\"" },
		{ { "/c", "start", "http://x/a&echo" }, " /s /c \"start http://x/a^&echo\"" },
		{ { "/c", "start", "", "http://x/a&b" }, " /s /c \"start \"\" http://x/a^&b\"" },
		{ { "/c", "start", "a&echo z" }, " /s /c \"start \"a&echo z\"\"" },
		{ { "/c", "D:\\a b\\x.exe", "c d", "e f" },
		  " /s /c \"\"D:\\a b\\x.exe\" \"c d\" \"e f\"\"" },
		{ { "/c", "dir", "&&", "echo", "x" }, " /s /c \"dir && echo x\"" },
		{ { "/c", "x", "2>&1", "&y", ">z" }, " /s /c \"x 2>&1 ^&y ^>z\"" },
		{ { "/c", "echo", "\"a&b\"", "c\"d" }, " /s /c \"echo \"a&b\" \"c\"\"d\"\"" },
		{ { "/c", "echo", "%OS%", "^" }, " /s /c \"echo %OS% ^^\"" },
		{ { "/c", "x", "/c", "y" }, " /s /c \"x /c y\"" },
	};
	char buf[WINLINE_BYTES], want[256];
	struct winline line;

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		winline_begin(&line, buf, sizeof(buf), "cmd.exe");
		for (size_t j = 0; rows[i].args[j]; j++)
			assert_int_equal(wincmd_arg(&line, rows[i].args[j]), 0);
		assert_int_equal(wincmd_end(&line), 0);
		fmt(want, sizeof(want), "\"cmd.exe\"%s", rows[i].want);
		assert_string_equal(buf, want);
	}
	winline_begin(&line, buf, sizeof(buf), "cmd.exe");
	assert_int_equal(wincmd_arg(&line, "/c"), 0);
	assert_int_equal(wincmd_arg(&line, "a\nb"), -EINVAL);
}

static void test_batch_line(void **state)
{
	char buf[WINLINE_BYTES];
	struct winline line;

	(void)state;
	winbatch_begin(&line, buf, sizeof(buf), "C:\\a b\\100%.bat");
	winbatch_arg(&line, "x");
	winbatch_arg(&line, "y z");
	assert_int_equal(winbatch_end(&line), 0);
	assert_string_equal(
		buf, "cmd.exe /e:ON /v:OFF /d /c \"\"C:\\a b\\100%%cd:~,%.bat\" x \"y z\"\"");
}

static int program_arg(const char *arg)
{
	char buf[WINLINE_BYTES];
	struct winline line;

	winline_begin(&line, buf, sizeof(buf), "x");
	return winline_arg(&line, arg);
}

static int batch_arg(const char *arg)
{
	char buf[WINLINE_BYTES];
	struct winline line;

	winbatch_begin(&line, buf, sizeof(buf), "C:\\x.cmd");
	return winbatch_arg(&line, arg);
}

static void test_refused(void **state)
{
	char buf[WINLINE_BYTES];
	struct winline line;

	(void)state;
	assert_int_equal(winline_begin(&line, buf, sizeof(buf), "a\"b"), -EINVAL);
	assert_int_equal(winline_arg(&line, "fine"), -EINVAL); /* once and for all */
	assert_int_equal(program_arg("\xff"), -EILSEQ);
	assert_int_equal(program_arg("\xc0\xaf"), -EILSEQ);         /* overlong */
	assert_int_equal(program_arg("\xed\xa0\x80"), -EILSEQ);     /* half a pair */
	assert_int_equal(program_arg("\xf4\x90\x80\x80"), -EILSEQ); /* too large */
	assert_int_equal(program_arg("\xe2\x82"), -EILSEQ);         /* cut */
	assert_int_equal(program_arg("line\nfeed"), 0);
	assert_int_equal(batch_arg("line\nfeed"), -EINVAL);
	assert_int_equal(batch_arg("line\rfeed"), -EINVAL);
	assert_int_equal(batch_arg("\xff"), -EILSEQ);
	assert_int_equal(winbatch_begin(&line, buf, sizeof(buf), "C:\\a\\"), -EINVAL);
	assert_int_equal(winbatch_begin(&line, buf, sizeof(buf), "C:\\a\".bat"), -EINVAL);
}

/* `count` times a character of `units` UTF-16 units after "x" and a space. */
static int long_line(const char *character, size_t count)
{
	size_t len = strlen(character);
	char *arg = calloc(count, len + 1), *buf = malloc(WINLINE_BYTES);
	struct winline line;
	int r;

	for (size_t i = 0; i < count; i++)
		memcpy(arg + i * len, character, len);
	winline_begin(&line, buf, WINLINE_BYTES, "x");
	winline_arg(&line, arg);
	r = winline_end(&line);
	free(arg);
	free(buf);
	return r;
}

static void test_longest(void **state)
{
	(void)state;
	assert_int_equal(long_line("a", WINLINE_MAX - 4), 0);
	assert_int_equal(long_line("a", WINLINE_MAX - 3), -E2BIG);
	assert_int_equal(long_line("\xe2\x82\xac", WINLINE_MAX - 4), 0);
	assert_int_equal(long_line("\xe2\x82\xac", WINLINE_MAX - 3), -E2BIG);
	assert_int_equal(long_line("\xf0\x9f\x98\x80", (WINLINE_MAX - 4) / 2), 0);
	assert_int_equal(long_line("\xf0\x9f\x98\x80", (WINLINE_MAX - 4) / 2 + 1), -E2BIG);
}

static void test_batch_longest(void **state)
{
	char arg[WINLINE_BATCH_MAX], buf[WINLINE_BYTES];
	struct winline line;

	(void)state;
	memset(arg, 'a', sizeof(arg));
	arg[sizeof(arg) - 1] = '\0';
	winbatch_begin(&line, buf, sizeof(buf), "C:\\x.cmd");
	assert_int_equal(winbatch_arg(&line, arg), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_program_args),  cmocka_unit_test(test_batch_args),
		cmocka_unit_test(test_cmd_lines),     cmocka_unit_test(test_batch_line),
		cmocka_unit_test(test_refused),       cmocka_unit_test(test_longest),
		cmocka_unit_test(test_batch_longest),
	};

	return cmocka_run_group_tests_name("winline", tests, NULL, NULL);
}
