/* test_identity.c: which user an attach is for, and several on one connection. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/protocol.h"
#include "p9d/test/server.h"

#define PASSWD "root:x:0:0::/:/bin/sh\n"

static void test_who_is_asked_for(void **state)
{
	static const struct {
		const char *passwd, *fallback, *name;
		uint32_t uid;
		int error;
		uid_t result;
		bool anyone;
	} cases[] = {
		{ PASSWD, NULL, "", P9_NOUID, 0, 0, true },
		{ PASSWD, NULL, "nobody", P9_NOUID, 0, 0, true },
		{ PASSWD "ann:x:1000:1000::/:\n", NULL, "", P9_NOUID, 0, 1000, true },
		{ PASSWD "ann:x:1000:1000::/:\n", NULL, "root", P9_NOUID, 0, 0, true },
		{ PASSWD "ann:x:1000:1000::/:\n", NULL, "ann", 7, 0, 7, true },
		{ PASSWD "ann:x:1000:1000::/:\n", NULL, "77", P9_NOUID, 0, 77, true },
		{ PASSWD "bob:x:1001:1001::/:\n", "bob", "", P9_NOUID, 0, 1001, true },
		{ PASSWD "bob:x:1001:1001::/:\n", "1002", "", P9_NOUID, 0, 1002, true },
		{ PASSWD, "bob", "", P9_NOUID, -ENOENT, 0, true },
		{ PASSWD, "bob", "", 5, 0, 5, true },
		{ PASSWD, NULL, "", P9_NOUID, 0, 500, false },
		{ PASSWD, NULL, "root", P9_NOUID, 0, 500, false },
		{ PASSWD, NULL, "", 500, 0, 500, false },
		{ PASSWD, NULL, "", 0, -EPERM, 0, false },
	};
	char path[] = "/tmp/p9d-passwd-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < array_len(cases); i++) {
		struct user_files files = { path, "/nonexistent" };
		struct p9_policy policy = { .anyone = cases[i].anyone,
					    .self = 500,
					    .fallback = cases[i].fallback,
					    .accounts = &files };
		struct p9_msg t = { .uid = cases[i].uid, .name = str_of(cases[i].name) };
		uid_t uid = 0;

		/* The same policy, other accounts: nothing is remembered. */
		want(file_create(path, cases[i].passwd, 0600), 0);
		want(p9_session_attach_uid(&policy, &t, &uid), cases[i].error);
		if (!cases[i].error)
			want(uid, cases[i].result);
	}
	unlink(path);
}

/* The users of another machine. */
static void test_all_are_one(void **state)
{
	static const struct {
		const char *name;
		uint32_t uid;
	} cases[] = {
		{ "", P9_NOUID }, { "root", P9_NOUID }, { "no such", P9_NOUID },
		{ "", 0 },        { "", 500 },          { "ann", 1000 },
	};
	const struct p9_policy policy = { .self = 500, .all_self = true };

	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		struct p9_msg t = { .uid = cases[i].uid, .name = str_of(cases[i].name) };
		uid_t uid = 0;

		want(p9_session_attach_uid(&policy, &t, &uid), 0);
		want(uid, 500);
	}
}

/* A machine of many users has long files. */
static void test_long_files(void **state)
{
	enum { LINES = 40000 };
	char passwd[] = "/tmp/p9d-passwd-XXXXXX", group[] = "/tmp/p9d-group-XXXXXX";
	struct user_files files = { passwd, group };
	char *text = malloc(LINES * 64);
	size_t used = 0;
	struct user user;
	uid_t uid;

	(void)state;
	assert_non_null(text);
	close(mkstemp(passwd));
	close(mkstemp(group));
	for (int i = 0; i < LINES; i++)
		used += (size_t)sprintf(text + used, "user%d:x:%d:%d:somebody of many:/home:\n", i,
					10000 + i, 20000 + i);
	want(file_create(passwd, text, 0600), 0);
	used = 0;
	for (int i = 0; i < LINES; i++)
		used += (size_t)sprintf(text + used, "group%d:a password:%d:user%d\n", i, 30000 + i,
					i);
	want(file_create(group, text, 0600), 0);
	want(user_by_uid(&files, 10000 + LINES - 1, &user), 0);
	want(user.gid, 20000 + LINES - 1);
	want(user.group_count, 1);
	want(user.groups[0], 30000 + LINES - 1);
	want(user_uid_of(&files, "user39999", 9, &uid), 0);
	want(uid, 10000 + LINES - 1);
	unlink(passwd);
	unlink(group);
	free(text);
}

/* A peer that may be anyone may be several, whomever it names first. */
static void test_several_after_a_named_one(void **state)
{
	struct server *f = *state;
	struct client c;

	connect_as(f, &c, ALICE);
	want(c_attach(&c, 11, BOB), 0);
	want(c_attach(&c, 12, 0), 0);
	for (int i = 0; i < 10; i++) {
		want(open_file(&c, ROOT, "alice", P9_O_RDWR), 0);
		want(open_file(&c, 11, "alice", P9_O_RDWR), EACCES);
		want(open_file(&c, 12, "alice", P9_O_RDWR), 0);
		want(open_file(&c, ROOT, "roots", P9_O_RDWR), EACCES);
		want(open_file(&c, 11, "bob", P9_O_RDWR), 0);
		want(open_file(&c, 11, "roots", P9_O_RDWR), EACCES);
		want(open_file(&c, 12, "roots", P9_O_RDWR), 0);
	}
	client_close(&c);
}

/* .W clients have a connection for each user: its process can be no other. */
static void test_one_user_in_w(void **state)
{
	struct server *f = *state;
	struct client c;

	connect_in(f, &c, "9P2000.W", ALICE);
	want(c_attach(&c, 11, BOB), EPERM);
	want(c_attach(&c, 11, 0), EPERM);
	want(c_attach(&c, 11, ALICE), 0);
	want(open_file(&c, 11, "alice", P9_O_RDWR), 0);
	want(open_file(&c, 11, "bob", P9_O_RDWR), EACCES);
	client_close(&c);
}

int main(void)
{
	const struct CMUnitTest pure[] = {
		cmocka_unit_test(test_who_is_asked_for),
		cmocka_unit_test(test_all_are_one),
		cmocka_unit_test(test_long_files),
	};
	const struct CMUnitTest as_root[] = {
		server_test(test_several_after_a_named_one),
		server_test(test_one_user_in_w),
	};
	int failed = cmocka_run_group_tests_name("attach", pure, NULL, NULL);

	if (geteuid() != 0) {
		puts("test_identity: partly skipped: only root can be several users");
		return failed;
	}
	return failed + cmocka_run_group_tests_name("identity", as_root, NULL, NULL);
}
