/* test_judge.c: whether a program that a guest asks for may run. */
#include "interop/host/judge.h"

#include <errno.h>
#include <string.h>

#include "interop/host/winname.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

/* A host: a file that is called \link\ in its path is really in \real\, none.exe is not
 * there, and the guest's files are, as far as `lost` does not say otherwise. */
struct host {
	const struct rules *rules;
	const char *lost;
	char asked[64]; /* what was asked of it, in order: a letter each */
};

static void note_asked(struct host *h, char what)
{
	size_t len = strlen(h->asked);

	h->asked[len] = what;
	h->asked[len + 1] = '\0';
}

static int host_canonical(void *owner, const char *path, const char *shown, char *out,
			  struct fault *why)
{
	char *link;

	note_asked(owner, 'c');
	if (strstr(path, "none.exe"))
		return fault_set(why, WIRE_FAIL_NOT_FOUND, "unable to run %s: no such file", shown);
	fmt(out, JUDGE_PATH_MAX, "%s", path);
	link = strstr(out, "\\link\\");
	if (link)
		memcpy(link, "\\real\\", 6);
	return 0;
}

static bool host_may_run(void *owner, const char *canonical, const struct policy_rule **by)
{
	const struct host *h = owner;

	note_asked(owner, 'm');
	return rules_program(h->rules, canonical, by);
}

static const char *host_share(void *owner, const char *path)
{
	const struct host *h = owner;

	note_asked(owner, 's');
	return winname_is_shared(path) ? h->lost : NULL;
}

static const struct judge_ops host_ops = { host_canonical, host_may_run, host_share };

#define GONE "the guest's files are not here"
#define BOAT "\\\\wsl.localhost\\boat\\"

static void test_open(void **state)
{
	static const struct {
		const char *policy, *program, *cwd, *lost;
		int r;
		uint32_t code, os_error; /* of FAILED */
		const char *says;        /* its text, or the program that runs */
		const char *asked;
	} rows[] = {
		/* Without rules about paths nothing but the share is asked. */
		{ "", "C:\\link\\x.exe", "C:\\", NULL, 0, 0, 0, "C:\\link\\x.exe", "ss" },
		{ "batch off\n", "C:\\x.exe", "", NULL, 0, 0, 0, "C:\\x.exe", "ss" },
		/* What is judged is what runs. */
		{ "deny C:\\real\\\n", "C:\\link\\x.exe", "", NULL, -1, 126, 0,
		  "unable to run C:\\link\\x.exe: the host's policy forbids it (deny C:\\real\\)",
		  "cm" },
		{ "deny C:\\link\\\n", "C:\\link\\x.exe", "", NULL, 0, 0, 0, "C:\\real\\x.exe",
		  "cmss" },
		{ "default deny\nallow D:\n", "C:\\x.exe", "", NULL, -1, 126, 0,
		  "unable to run C:\\x.exe: the host's policy forbids it (default deny)", "cm" },
		{ "default deny\nallow C:\n", "C:\\x.exe", "", NULL, 0, 0, 0, "C:\\x.exe", "cmss" },
		{ "deny D:\n", "C:\\none.exe", "", NULL, -1, 127, 0,
		  "unable to run C:\\none.exe: no such file", "c" },
		/* Scripts, also by the name that a link hides. */
		{ "batch off\n", "C:\\x.CMD", "", NULL, -1, 126, 0,
		  "unable to run C:\\x.CMD: the host's policy runs no scripts (batch off)", "" },
		{ "batch off\nallow C:\n", "C:\\x.ps1", "", NULL, -1, 126, 0,
		  "unable to run C:\\x.ps1: the host's policy runs no scripts (batch off)", "cm" },
		/* The guest's files: the program's own, then where it is to run. */
		{ "", BOAT "x.exe", "C:\\", GONE, -1, 126, 0, "unable to run " BOAT "x.exe: " GONE,
		  "s" },
		{ "", BOAT "x.exe", BOAT, NULL, 0, 0, 0, BOAT "x.exe", "ss" },
		{ "", "C:\\x.exe", BOAT "tmp", GONE, -ENOTDIR, 126, WIRE_ERROR_DIRECTORY,
		  "unable to run C:\\x.exe in " BOAT "tmp: " GONE, "ss" },
		/* The rules come before them. */
		{ "deny C:\n", "C:\\x.exe", BOAT "tmp", GONE, -1, 126, 0,
		  "unable to run C:\\x.exe: the host's policy forbids it (deny C:)", "cm" },
		/* What request_build refuses reaches nothing of the host's. */
		{ "default deny\n", "", "", GONE, 0, 0, 0, "", "" },
		{ "default deny\n", "C:\\x.exe:stream", "", GONE, 0, 0, 0, "C:\\x.exe:stream", "" },
		{ "default deny\n", "\\\\server\\share\\x.exe", "", GONE, 0, 0, 0,
		  "\\\\server\\share\\x.exe", "" },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct rules rules;
		struct host host = { .rules = &rules, .lost = rows[i].lost };
		struct judge j = { .ops = &host_ops, .owner = &host, .rules = &rules };
		struct open l = { .program = { rows[i].program, strlen(rows[i].program) },
				  .cwd = { rows[i].cwd, strlen(rows[i].cwd) } };
		struct failed why = { 0 };
		const char *wrong;
		char policy[64];

		fmt(policy, sizeof(policy), "%s", rows[i].policy);
		assert_int_equal(rules_parse(&rules, policy, strlen(policy), &wrong), 0);
		assert_int_equal(judge_open(&j, &l), rows[i].r);
		assert_string_equal(host.asked, rows[i].asked);
		if (rows[i].r == 0) {
			assert_string_equal(l.program.at, rows[i].says);
			assert_int_equal(l.program.len, strlen(rows[i].says));
			assert_int_equal(j.fault.status, 0);
			continue;
		}
		assert_int_equal(judge_fail(&j, rows[i].r, 0, &why), -1);
		assert_int_equal(why.code, rows[i].code);
		assert_int_equal(why.os_error, rows[i].os_error);
		assert_string_equal(why.text.at, rows[i].says);
		assert_int_equal(why.text.len, strlen(rows[i].says));
	}
}

static void test_windows_own_error(void **state)
{
	struct judge j = { .fault = { WIRE_FAIL_NOT_RUN, "why" } };
	struct failed why;

	(void)state;
	judge_fail(&j, -1, 193, &why);
	assert_int_equal(why.os_error, 193);
}

static void test_entry(void **state)
{
	char payload[2048], text[JUDGE_ENTRY_MAX], much[900];
	struct judge j = { .program = "C:\\x.exe" };
	struct writer w;
	struct open l;

	(void)state;
	memset(much, 'a', sizeof(much));
	writer_init(&w, payload, sizeof(payload));
	open_put_u32(&w, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_u32(&w, OPEN_TAG_UID, 1000);
	open_put_str(&w, OPEN_TAG_ARG, "x.exe", 5);
	open_put_str(&w, OPEN_TAG_ARG, "a b", 3);
	assert_int_equal(open_decode(&l, payload, w.used), 0);
	judge_entry(&j, &l, "run", text);
	assert_string_equal(text, "uid=1000 run C:\\x.exe: x.exe a b");
	open_put_str(&w, OPEN_TAG_ARG, much, sizeof(much));
	open_put_str(&w, OPEN_TAG_ARG, "last", 4);
	assert_int_equal(open_decode(&l, payload, w.used), 0);
	judge_entry(&j, &l, "refused", text);
	assert_memory_equal(text, "uid=1000 refused C:\\x.exe: x.exe a b aaa", 40);
	assert_int_equal(strlen(text), 26 + 599);
	assert_null(strstr(text, "last"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_open),
					    cmocka_unit_test(test_windows_own_error),
					    cmocka_unit_test(test_entry) };

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
