/* test_policy.c: what a guest may open. */
#include "interop/host/policy.h"

#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void check(const struct open *o, uint32_t code, const char *word)
{
	const uint32_t c_and_z = (uint32_t)1 << 2 | (uint32_t)1 << 25;
	struct failed why = { 0 };
	char text[128] = "";

	assert_int_equal(policy_guest_may(o, c_and_z, text, sizeof(text), &why), code ? -1 : 0);
	assert_int_equal(why.code, code);
	if (!code)
		return;
	assert_ptr_equal(why.text.at, text);
	assert_int_equal(why.text.len, strlen(text));
	if (!strstr(text, word))
		fail_msg("%s: no %s", text, word);
}

static void test_kinds(void **state)
{
	static const struct {
		uint32_t kind;
		uint32_t code; /* 0: it may */
		const char *word;
	} rows[] = {
		{ OPEN_PROGRAM, 0, "" },
		{ OPEN_BYTES, WIRE_FAIL_NOT_FOUND, "no service files" },
		{ OPEN_CONNECT, WIRE_FAIL_NOT_RUN, "does not serve" },
		{ OPEN_LISTEN, WIRE_FAIL_NOT_RUN, "does not serve" },
		{ OPEN_EVENTS, WIRE_FAIL_NOT_RUN, "does not serve" },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++)
		check(&(struct open){ .kind = rows[i].kind, .service = { "files", 5 } },
		      rows[i].code, rows[i].word);
}

static void test_drives(void **state)
{
	static const struct {
		const char *service;
		uint32_t uid, code;
		const char *word;
	} rows[] = {
		{ "drive:C", 0, 0, "" },
		{ "drive:Z", 0, 0, "" },
		{ "drive:C", UINT32_MAX, 0, "" }, /* not said */
		{ "drive:C", 1000, WIRE_FAIL_NOT_RUN, "only the guest's root" },
		{ "drive:D", 0, WIRE_FAIL_NOT_FOUND, "no drive D:" },
		{ "drive:A", 0, WIRE_FAIL_NOT_FOUND, "no drive A:" },
		{ "drive:c", 0, WIRE_FAIL_NOT_FOUND, "no service drive:c" },
		{ "drive:", 0, WIRE_FAIL_NOT_FOUND, "no service drive:" },
		{ "drive:CC", 0, WIRE_FAIL_NOT_FOUND, "no service drive:CC" },
		{ "drive:@", 0, WIRE_FAIL_NOT_FOUND, "no service drive:@" },
		{ "drive:[", 0, WIRE_FAIL_NOT_FOUND, "no service drive:[" },
		{ "driveC:", 0, WIRE_FAIL_NOT_FOUND, "no service driveC:" },
		{ "Drive:C", 0, WIRE_FAIL_NOT_FOUND, "no service Drive:C" },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		const struct open o = { .kind = OPEN_BYTES,
					.uid = rows[i].uid,
					.service = { rows[i].service, strlen(rows[i].service) } };

		check(&o, rows[i].code, rows[i].word);
		if (rows[i].code != WIRE_FAIL_NOT_FOUND || strstr(rows[i].word, "no drive"))
			assert_int_equal(policy_drive(&o), rows[i].service[6]);
		else
			assert_int_equal(policy_drive(&o), 0);
	}
}

/* `own` jobs of the one who asks, `others` of somebody else. */
static void test_jobs(void **state)
{
	static const struct {
		size_t own, others;
		uint32_t user;
		bool fits;
	} rows[] = {
		{ 0, 0, 1000, true },     { 191, 0, 1000, true },  { 192, 0, 1000, false },
		{ 192, 63, 1000, false }, { 63, 192, 1000, true }, { 64, 192, 1000, false },
		{ 255, 0, 0, true },      { 256, 0, 0, false },    { 0, 256, 0, false },
	};
	struct rules rules = { .running = POLICY_JOBS + 1 };
	uint32_t users[POLICY_JOBS];
	const char *refusal;

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		for (size_t k = 0; k < POLICY_JOBS; k++)
			users[k] = k < rows[i].own ? rows[i].user : 1001;
		refusal = policy_job_refuse(&rules, users, rows[i].own + rows[i].others,
					    rows[i].user);
		assert_int_equal(!refusal, rows[i].fits);
		if (refusal)
			assert_non_null(strstr(refusal, "too many of this user"));
	}
	rules.running = 3;
	assert_null(policy_job_refuse(&rules, users, 2, 0));
	assert_non_null(strstr(policy_job_refuse(&rules, users, 3, 0), "policy allows"));
}

static void test_ports(void **state)
{
	static const struct {
		const char *address;
		uint32_t uid, port; /* 0: refused ... */
		const char *says;
	} rows[] = {
		{ "tcp:127.0.0.1:8080", 0, 8080, NULL },
		{ "tcp:127.0.0.1:1024", UINT32_MAX, 1024, NULL },
		{ "tcp:127.0.0.1:1023", 0, 0, "below 1024" },
		{ "tcp:127.0.0.1:8080", 1000, 0, "that user" },
		{ "tcp:0.0.0.0:8080", 0, 0, "tcp:0.0.0.0:8080" },
		{ "tcp:127.0.0.2:8080", 0, 0, "does not listen" },
		{ "unix:/tmp/x", 0, 0, "does not listen" },
		{ "8080", 0, 0, "does not listen" },
		{ "tcp:127.0.0.1:9000", 0, 0, "policy file" },
		{ "tcp:127.0.0.1:9000", 1000, 0, "that user" },
	};
	char policy[] = "ports 80\nports 1023-8080\n";
	const char *wrong;
	struct rules rules;

	(void)state;
	assert_int_equal(rules_parse(&rules, policy, sizeof(policy) - 1, &wrong), 0);
	for (size_t i = 0; i < array_len(rows); i++) {
		struct open o = { .kind = OPEN_LISTEN, .uid = rows[i].uid };
		struct failed why = { 0 };
		char text[WIRE_FAILED_MAX] = "";

		o.address = (struct wire_str){ rows[i].address, strlen(rows[i].address) };
		assert_int_equal(policy_port(&o, &rules, text, &why), rows[i].port);
		if (rows[i].port)
			continue;
		assert_int_equal(why.code, WIRE_FAIL_NOT_RUN);
		assert_non_null(strstr(text, rows[i].says));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ports),
					    cmocka_unit_test(test_kinds),
					    cmocka_unit_test(test_drives),

					    cmocka_unit_test(test_jobs) };

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
