/* test_request.c: OPEN -> request to the helper; Windows errors. */
#include <errno.h>
#include <string.h>

#include "interop/host/request.h"
#include "interop/host/start.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

/* The four strings of a request; env's entries are joined with |. */
struct seen {
	uint32_t flags;
	char text[4][256];
};

static unsigned flags; /* of the host */
static const char *system_dir = "C:\\windows\\system32";

static int build(const char *program, const char *cwd, const char *const *argv,
		 const char *const *env, struct fault *why, struct seen *seen)
{
	char payload[4096], request[8192];
	struct writer w, out;
	struct rules rules;
	struct reader r;
	struct open l;
	int error;

	writer_init(&w, payload, sizeof(payload));
	open_put_u32(&w, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_str(&w, OPEN_TAG_PROGRAM, program, strlen(program));
	open_put_str(&w, OPEN_TAG_CWD, cwd, strlen(cwd));
	for (; argv && *argv; argv++)
		open_put_str(&w, OPEN_TAG_ARG, *argv, strlen(*argv));
	for (; env && *env; env++)
		open_put_str(&w, OPEN_TAG_ENV, *env, strlen(*env));
	assert_int_equal(open_decode(&l, payload, w.used), 0);
	writer_init(&out, request, sizeof(request));
	*why = (struct fault){ 0 };
	rules_init(&rules);
	error = request_build(&out, &l, &(struct request_host){ flags, system_dir, &rules }, why);
	if (error < 0)
		return error;
	reader_init(&r, request, out.used);
	assert_int_equal(read_u32(&r), out.used - 4);
	seen->flags = read_u32(&r);
	for (int i = 0; i < 4; i++) {
		uint32_t len = read_u32(&r);
		const char *at = read_bytes(&r, len);

		assert_true(at != NULL && len < sizeof(seen->text[i]));
		memcpy(seen->text[i], at, len);
		seen->text[i][len] = '\0';
		for (uint32_t j = 0; i == 3 && j < len; j++)
			if (!seen->text[i][j])
				seen->text[i][j] = '|';
	}
	assert_int_equal(r.left, 0);
	return 0;
}

static void test_program(void **state)
{
	static const char *const argv[] = { "./x.exe", "a b", "c", NULL };
	static const char *const env[] = { "FERRY=boat", "path=C:\\evil", "X=", NULL };
	struct fault why;
	struct seen seen;

	(void)state;
	assert_int_equal(build("D:\\t\\x.exe", "D:\\t", argv, env, &why, &seen), 0);
	assert_int_equal(seen.flags, 0);
	assert_string_equal(seen.text[0], "D:\\t\\x.exe");
	assert_string_equal(seen.text[1], "\"./x.exe\" \"a b\" c");
	assert_string_equal(seen.text[2], "D:\\t");
	assert_string_equal(seen.text[3], "FERRY=boat|X=|");
}

static void test_no_arguments(void **state)
{
	struct fault why;
	struct seen seen;

	(void)state;
	assert_int_equal(build("C:\\x.exe", "", NULL, NULL, &why, &seen), 0);
	assert_string_equal(seen.text[1], "\"C:\\x.exe\"");
	assert_string_equal(seen.text[2], "");
	assert_string_equal(seen.text[3], "");
}

static void test_batch(void **state)
{
	static const char *const argv[] = { "run.bat", "\"&calc", "50%", NULL };
	struct fault why;
	struct seen seen;

	(void)state;
	assert_int_equal(build("C:\\a b\\run.BAT", "C:\\", argv, NULL, &why, &seen), 0);
	assert_string_equal(seen.text[0], "C:\\windows\\system32\\cmd.exe");
	assert_string_equal(seen.text[1],
			    "cmd.exe /e:ON /v:OFF /d /c \"\"C:\\a b\\run.BAT\" \"\"\"&calc\" "
			    "\"50%%cd:~,%\"\"");
	system_dir = "D:\\WinNT\\system32";
	assert_int_equal(build("C:\\run.bat", "C:\\", argv, NULL, &why, &seen), 0);
	assert_string_equal(seen.text[0], "D:\\WinNT\\system32\\cmd.exe");
	system_dir = "C:\\windows\\system32";
}

/* Wine's cmd.exe expands %OS% in whatever quotes, and drops a single one. */
static void test_batch_of_wine(void **state)
{
	static const char *const plain[] = { "x", "a b", NULL }, *const bad[] = { "x", "y", "5%",
										  NULL };
	struct fault why;
	struct seen seen;

	(void)state;
	flags = START_PERCENT_EXPANDS;
	assert_int_equal(build("C:\\t.bat", "", plain, NULL, &why, &seen), 0);
	assert_int_equal(build("C:\\t.exe", "", bad, NULL, &why, &seen), 0);
	assert_int_equal(build("C:\\t.bat", "", bad, NULL, &why, &seen), -1);
	assert_int_equal(why.status, 126);
	assert_non_null(strstr(why.text, "argument 2 has a %"));
	assert_int_equal(build("C:\\%OS%.bat", "", plain, NULL, &why, &seen), -1);
	flags = 0;
}

static void test_too_long(void **state)
{
	static char payload[200000], request[400000], text[40001];
	const struct {
		const char *program, *want;
		size_t arg, count, env;
	} rows[] = {
		{ "C:\\x.exe", NULL, 32700, 1, 32000 },
		{ "C:\\x.exe", "too long for Windows (40011 of 32766", 40000, 1, 0 },
		{ "C:\\x.exe", "too long for Windows (60013 of 32766", 20000, 3, 0 },
		{ "C:\\x.bat", "of 8191 characters", 8192, 1, 0 },
		{ "C:\\x.exe", "the variable V is too long for Windows (32802 of 32766", 1, 1,
		  32800 },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct fault why = { 0 };
		struct writer w, out;
		struct rules rules;
		struct open l;
		int r;

		writer_init(&w, payload, sizeof(payload));
		open_put_u32(&w, OPEN_TAG_KIND, OPEN_PROGRAM);
		open_put_str(&w, OPEN_TAG_PROGRAM, rows[i].program, strlen(rows[i].program));
		open_put_str(&w, OPEN_TAG_ARG, rows[i].program, strlen(rows[i].program));
		memset(text, 'x', sizeof(text) - 1);
		text[rows[i].arg] = '\0';
		for (size_t n = 0; n < rows[i].count; n++)
			open_put_str(&w, OPEN_TAG_ARG, text, rows[i].arg);
		memset(text, 'x', sizeof(text) - 1);
		text[0] = 'V';
		text[1] = '=';
		text[rows[i].env + 2] = '\0';
		if (rows[i].env)
			open_put_str(&w, OPEN_TAG_ENV, text, rows[i].env + 2);
		assert_int_equal(open_decode(&l, payload, w.used), 0);
		writer_init(&out, request, sizeof(request));
		rules_init(&rules);
		r = request_build(&out, &l, &(struct request_host){ 0, system_dir, &rules }, &why);
		assert_int_equal(r, rows[i].want ? -1 : 0);
		if (rows[i].want && !strstr(why.text, rows[i].want))
			fail_msg("%s: no \"%s\"", why.text, rows[i].want);
	}
}

static void test_powershell(void **state)
{
	static const char *const argv[] = { "run.ps1", "a b", "-x", "$(calc)", "\"; calc", NULL };
	struct fault why;
	struct seen seen;

	(void)state;
	assert_int_equal(build("C:\\a b\\run.PS1", "C:\\", argv, NULL, &why, &seen), 0);
	assert_string_equal(seen.text[0],
			    "C:\\windows\\system32\\WindowsPowerShell\\v1.0\\powershell.exe");
	assert_string_equal(seen.text[1],
			    "\"powershell.exe\" -NoProfile -ExecutionPolicy RemoteSigned -File "
			    "\"C:\\a b\\run.PS1\" \"a b\" -x $(calc) \"\\\"; calc\"");
}

static void test_refused(void **state)
{
	static const char *const bad[] = { "x", "fine", "\xff", NULL };
	static const struct {
		const char *program, *cwd;
		const char *const *argv;
		const char *word;
		int code, r;
	} rows[] = {
		{ "", "", NULL, "none", 127, -1 },
		{ "\\\\host\\share\\x.exe", "", NULL, "drive", 126, -1 },
		{ "C:\\con", "", NULL, "device", 126, -1 },
		{ "C:\\x.exe ", "", NULL, "dot or space", 126, -1 },
		{ "C:\\x\xff.exe", "", NULL, "UTF-8", 126, -1 },
		{ "C:\\x.exe", "\\\\host\\share", NULL, "host", 126, -ENOTDIR },
		{ "C:\\x.exe", "C:\\a:b", NULL, "stream", 126, -ENOTDIR },
		{ "C:\\x.exe", "C:\\", bad, "argument 2", 126, -1 },
	};
	struct fault why;
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		assert_int_equal(
			build(rows[i].program, rows[i].cwd, rows[i].argv, NULL, &why, &seen),
			rows[i].r);
		assert_int_equal(why.status, rows[i].code);
		if (!strstr(why.text, rows[i].word))
			fail_msg("%s: no \"%s\"", why.text, rows[i].word);
	}
}

static void test_windows_errors(void **state)
{
	static const struct {
		uint32_t error;
		int code;
	} rows[] = {
		{ 2, 127 }, { 3, 127 }, { 5, 126 }, { 193, 126 }, { 740, 126 }, { 12345, 126 }
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct fault why = { 0 };

		assert_int_equal(start_error(rows[i].error, "C:\\x.exe", &why), -1);
		assert_int_equal(why.status, rows[i].code);
		assert_non_null(strstr(why.text, "C:\\x.exe"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_program),        cmocka_unit_test(test_no_arguments),
		cmocka_unit_test(test_batch),          cmocka_unit_test(test_refused),
		cmocka_unit_test(test_windows_errors), cmocka_unit_test(test_powershell),
		cmocka_unit_test(test_too_long),       cmocka_unit_test(test_batch_of_wine),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
