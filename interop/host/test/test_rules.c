/* test_rules.c: the host's policy file: what it says, and what gets past it. */
#include <stdlib.h>
#include <string.h>

#include "interop/host/rules.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static unsigned parse(struct rules *rules, char *buf, size_t size, const char *text)
{
	const char *why = NULL;
	unsigned line;

	fmt(buf, size, "%s", text);
	line = rules_parse(rules, buf, strlen(text), &why);
	assert_int_equal(line != 0, why != NULL);
	return line;
}

static void test_lines(void **state)
{
	static const struct {
		const char *text;
		unsigned wrong; /* line; 0: none */
	} rows[] = {
		{ "", 0 },
		{ "# nothing\n\n \t \r\n", 0 },
		{ "default deny", 0 },
		{ "\tdefault   allow  # for now\r\n", 0 },
		{ "allow C:\\a b\\*.exe\nbatch off\nrunning 8\nenv FERRY\nlog off\nsessions off\n",
		  0 },
		{ "sessions some\n", 1 },
		{ "deny *\\evil.exe", 0 },
		{ "allow d:/tools/*", 0 },
		{ "default", 1 },
		{ "default maybe\n", 1 },
		{ "\n\nDefault deny\n", 3 },
		{ "allow\n", 1 },
		{ "deny tools\\*\n", 1 },
		{ "deny \\\\server\\share\\*\n", 1 },
		{ "deny C:tools\n", 1 },
		{ "deny C:\\a\\..\\b\n", 1 },
		{ "deny C:\\a\\\\b\n", 1 },
		{ "deny C:\\a.txt:x\n", 1 },
		{ "deny C:\\a?.exe\n", 1 },
		{ "running 0\n", 1 },
		{ "running 257\n", 1 },
		{ "running -1\n", 1 },
		{ "running 8x\n", 1 },
		{ "memory 256M\nmemory 2G\nmemory 1024G\nmemory 512\n", 0 },
		{ "memory 255M\n", 1 },
		{ "memory 1025G\n", 1 },
		{ "memory 2T\n", 1 },
		{ "memory -1\n", 1 },
		{ "memory 99999999999999999999G\n", 1 },
		{ "env A=B\n", 1 },
		{ "ports 8080\nports 3000-3999\nports 1-65535 # all\nports none\n", 0 },
		{ "ports 0\n", 1 },
		{ "ports 65536\n", 1 },
		{ "ports 99999999999999999999\n", 1 },
		{ "ports -5\n", 1 },
		{ "ports 80-\n", 1 },
		{ "ports 90-80\n", 1 },
		{ "ports 80-90-100\n", 1 },
		{ "ports 80 90\n", 1 },
		{ "ports all\n", 1 },
		{ "open on\n", 1 },
		{ "batch yes\n", 1 },
		{ "allow C:\\\x1b[2J\n", 1 },
		{ "allow C:\nforbid D:\n", 2 },
	};
	struct rules rules;
	char buf[256];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		unsigned got = parse(&rules, buf, sizeof(buf), rows[i].text);

		if (got != rows[i].wrong)
			fail_msg("%s: line %u, not %u", rows[i].text, got, rows[i].wrong);
	}
	memcpy(buf, "batch off\n\0x", 12);
	assert_int_equal(rules_parse(&rules, buf, 12, &(const char *){ NULL }), 2);
	assert_true(rules.batch); /* nothing of it holds */
}

static void test_ports(void **state)
{
	static const struct {
		const char *text;
		uint32_t port;
		bool fits;
	} rows[] = {
		{ "", 8080, true },
		{ "", 0, true },
		{ "ports none", 8080, false },
		{ "ports none", 0, false },
		{ "ports 8080", 8080, true },
		{ "ports 8080", 8081, false },
		{ "ports 8080", 0, true },
		{ "ports 3000-3999\nports 5000-5001", 2999, false },
		{ "ports 3000-3999\nports 5000-5001", 3000, true },
		{ "ports 3000-3999\nports 5000-5001", 3999, true },
		{ "ports 3000-3999\nports 5000-5001", 4000, false },
		{ "ports 3000-3999\nports 5000-5001", 5001, true },
	};
	struct rules rules;
	char buf[256];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		assert_int_equal(parse(&rules, buf, sizeof(buf), rows[i].text), 0);
		if (rules_port(&rules, rows[i].port) != rows[i].fits)
			fail_msg("%s: %u", rows[i].text, rows[i].port);
	}
}

static const char policy[] = "default deny\n"
			     "deny *\\format.com\n"
			     "allow C:\\windows\\system32\\*\n"
			     "deny D:\\tools\\secret\\*\n"
			     "allow D:\\tools\\*.exe\n"
			     "allow E:\n"
			     "deny F:\\\n"
			     "allow H:\\some dir\\\n"
			     "allow *\\open\\\n"
			     "allow D:\\Gr\xc3\xbc\xc3\x9f\x65\\one.bat\n";

/* As somebody would try who wants past it: the path is canonical already, and
 * case and separators are all that is left to play with. */
static void test_programs(void **state)
{
	static const struct {
		const char *path;
		bool may;
	} rows[] = {
		{ "C:\\windows\\system32\\cmd.exe", true },
		{ "c:\\WINDOWS\\System32\\CMD.EXE", true },
		{ "C:\\windows\\system32\\format.com", false },
		{ "C:\\windows\\system32\\FORMAT.COM", false },
		{ "C:\\windows\\system32x\\cmd.exe", false },
		{ "C:\\windows\\notepad.exe", false },
		{ "D:\\tools\\x.exe", true },
		{ "D:\\tools\\deep\\er\\x.exe", true },
		{ "D:\\tools\\secret\\x.exe", false },
		{ "d:\\TOOLS\\Secret\\x.exe", false },
		{ "D:\\tools\\x.bat", false },
		{ "D:\\toolsx\\x.exe", false },
		{ "D:\\x\\D:\\tools\\x.exe", false },
		{ "E:\\anything", true },
		{ "e:\\any\\thing.cmd", true },
		{ "F:\\x.exe", false },
		{ "G:\\x.exe", false },
		{ "H:\\Some Dir\\x.exe", true },
		{ "H:\\some dir\\deep\\x.exe", true },
		{ "H:\\some dirs\\x.exe", false },
		{ "H:\\some dir", false },
		{ "G:\\a\\open\\b\\x.exe", true },
		{ "G:\\a\\open", false },
		{ "D:\\GR\xc3\x9c\xc3\x9f\x45\\ONE.BAT", true },
		{ "D:\\gr\xc3\xbc\xc3\x9f\x65\\two.bat", false },
		{ "", false },
	};
	const struct policy_rule *by;
	struct rules rules;
	char buf[512];

	(void)state;
	assert_int_equal(parse(&rules, buf, sizeof(buf), policy), 0);
	assert_true(rules_have_paths(&rules));
	for (size_t i = 0; i < array_len(rows); i++)
		if (rules_program(&rules, rows[i].path, &by) != rows[i].may)
			fail_msg("%s: not %d", rows[i].path, rows[i].may);
	rules_program(&rules, "D:\\tools\\secret\\x.exe", &by);
	assert_string_equal(by->pattern, "D:\\tools\\secret\\*");
	rules_init(&rules);
	assert_false(rules_have_paths(&rules));
	assert_true(rules_program(&rules, "Z:\\x", &by) && !by);
	assert_true(rules.batch && !rules.log && rules.running == RULES_RUNNING);
	assert_true(rules.sessions && !rules.sessions_said);
}

static void test_env(void **state)
{
	struct rules rules;
	char buf[256];

	(void)state;
	rules_init(&rules);
	assert_true(rules_env(&rules, "ANY=x"));
	parse(&rules, buf, sizeof(buf), "env FERRY\nenv MY_*\n");
	assert_true(rules_env(&rules, "ferry=boat"));
	assert_true(rules_env(&rules, "My_Own=1"));
	assert_false(rules_env(&rules, "FERRYX=1"));
	assert_false(rules_env(&rules, "FERR=1"));
	assert_false(rules_env(&rules, "OTHER=1"));
	parse(&rules, buf, sizeof(buf), "env none\n");
	assert_false(rules_env(&rules, "FERRY=boat"));
}

static void test_read(void **state)
{
	char good[] = "deny D:\n", wrong[] = "batch off\ndeny tools\n";
	struct fault why = { 0 };
	struct rules rules;

	(void)state;
	assert_int_equal(rules_read(&rules, "P", good, sizeof(good) - 1, &why), 0);
	assert_int_equal(why.status, 0);
	assert_int_equal(rules_read(&rules, "P", wrong, sizeof(wrong) - 1, &why), -1);
	assert_int_equal(why.status, HOST_FAILED);
	assert_string_equal(why.text, "unable to use the policy P: line 2: not a path on a drive "
				      "(C:\\dir\\*, D:)");
	assert_true(rules.batch && rules.count == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports), cmocka_unit_test(test_lines),
		cmocka_unit_test(test_read),  cmocka_unit_test(test_programs),
		cmocka_unit_test(test_env),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
