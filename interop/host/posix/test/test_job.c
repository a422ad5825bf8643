/* test_job.c: a program under a Wine that ends before it has begun. The loader
 * is a script that speaks as the helper does; what it does is in its case. */
#include "interop/host/posix/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "interop/host/posix/test/scratch.h"
#include "lib/loop.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static struct wine wine = {
	.helper = "helper", .c_dir = "/tmp", .runs = true, .lock = -1, .keeper_up = -1
};
static char *no_env[] = { NULL };

/* $2 is the channel. Each start adds a letter to `starts`. */
#define SCRIPT                                                                        \
	"#!/bin/bash\n"                                                               \
	"PATH=/usr/bin:/bin; cd \"${0%/*}\"; printf x >>starts; n=$(wc -c <starts)\n" \
	"begin() { [ $3 = 16 ] && [ \"$(head -c 1 <&$2)\" = b ] || kill -9 $$; }\n"   \
	"take() { head -c 8 <&$2 >/dev/null; }\n"                                     \
	"started() { printf '\\1\\0\\0\\0\\7\\0\\0\\0\\3\\0\\0\\0' >&$2; }\n"         \
	"exited() { printf '\\2\\0\\0\\0\\5\\0\\0\\0\\0\\0\\0\\0' >&$2; }\n"

static const struct open pipes = { .flags = 0 }, one_output = { .flags = PROGRAM_ONE_OUTPUT },
			 terminal = { .flags = PROGRAM_TTY, .rows = 24, .cols = 80 };

static const struct {
	const char *name, *script, *starts;
	enum outcome_how how;
	uint32_t code;
	size_t env; /* bytes of variables */
	const struct open *ahead;
} rows[] = {
	{ "at once", "take $@; started $@; exited $@", "x", OUTCOME_EXITED, 5, 2, NULL },
	{ "the second time", "[ $n = 1 ] && exit 1; take $@; started $@; exited $@", "xx",
	  OUTCOME_EXITED, 5, 2, NULL },
	{ "killed first", "[ $n = 1 ] && kill -9 $$; take $@; started $@; exited $@", "xx",
	  OUTCOME_EXITED, 5, 2, NULL },
	{ "never", "exit 1", "xx", OUTCOME_FAILED, 125, 2, NULL },
	{ "it has read", "take $@; exit 1", "x", OUTCOME_FAILED, 125, 2, NULL },
	{ "too long to lie there", "exit 1", "x", OUTCOME_FAILED, 125, 100000, NULL },
	{ "it has said so", "take $@; started $@; exit 3", "x", OUTCOME_EXITED, 3, 2, NULL },
	{ "ahead", "begin $@; take $@; started $@; exited $@", "x", OUTCOME_EXITED, 5, 2, &pipes },
	{ "ahead, long", "begin $@; take $@; started $@; exited $@", "x", OUTCOME_EXITED, 5, 100000,
	  &pipes },
	{ "ahead, not asked yet", "[ $n = 1 ] && exit 1; take $@; started $@; exited $@", "xx",
	  OUTCOME_EXITED, 5, 2, &pipes },
	{ "ahead, its variables are old",
	  "[ $n = 1 ] && { begin $@; exit 1; }; take $@; started $@; exited $@", "xx",
	  OUTCOME_EXITED, 5, 2, &pipes },
	{ "ahead, it has read", "begin $@; take $@; exit 1", "x", OUTCOME_FAILED, 125, 2, &pipes },
	/* The second begins to be asked when the first has read nothing. */
	{ "ahead, of another shape",
	  "[ $3 = 0 ] || { sleep 100; exit 1; }; take $@; started $@; exited $@", "xx",
	  OUTCOME_EXITED, 5, 2, &one_output },
	{ "ahead, a terminal",
	  "[ $3 = 0 ] || { sleep 100; exit 1; }; take $@; started $@; exited $@", "xx",
	  OUTCOME_EXITED, 5, 2, &terminal },
};

static int setup(void **state)
{
	(void)state;
	wine.env.at = no_env;
	if (scratch_make() < 0)
		return -1;
	fmt(wine.loader, sizeof(wine.loader), "%s/wine64", scratch);
	return 0;
}

/* Nothing else is left. */
static int teardown(void **state)
{
	(void)state;
	unlink(at("wine64"));
	unlink(at("starts"));
	return rmdir(scratch);
}

static struct drives drives;

static void wait_for(const char *name)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	for (int tries = 1000; access(at(name), F_OK) < 0 && tries > 0; tries--)
		nanosleep(&pause, NULL);
}

/* How long the helper may be silent. */
static int helper_ms = JOB_HELPER_MS;

/* Serves one endpoint in a process of its own. */
static pid_t serve(int endpoint, int other, const struct open *ahead)
{
	pid_t pid = fork();
	struct rules rules;

	if (pid != 0)
		return pid;
	rules_init(&rules);
	close(other);
	_exit(job_serve(endpoint, &(struct job_host){ .wine = &wine,
						      .drives = &drives,
						      .rules = &rules,
						      .audit = { -1, -1 },
						      .helper_ms = helper_ms,
						      .ahead = ahead }) < 0);
}

static void call(size_t env, const struct open *ahead, struct outcome *out)
{
	static char payload[1 << 18], text[1 << 17];
	struct writer w;
	int pair[2], status;
	pid_t server;

	memset(text, 'a', sizeof(text));
	writer_init(&w, payload, sizeof(payload));
	open_put_u32(&w, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_str(&w, OPEN_TAG_PROGRAM, "C:\\x.exe", 8);
	open_put_str(&w, OPEN_TAG_ARG, "x", 1);
	text[1] = '=';
	for (size_t part; env > 0; env -= part) {
		part = env < 20000 ? env : 20000;
		open_put_str(&w, OPEN_TAG_ENV, text, part);
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	server = serve(pair[1], pair[0], ahead);
	close(pair[1]);
	if (ahead)
		wait_for("starts");
	assert_int_equal(caller_run(pair[0], payload, w.used, out), 0);
	assert_int_equal(waitpid(server, &status, 0), server);
	assert_int_equal(status, 0);
}

static void loader_make(const char *does)
{
	char script[2048];

	fmt(script, sizeof(script), "%s%s\n", SCRIPT, does);
	unlink(at("starts"));
	unlink(at("wine64"));
	assert_int_equal(file_create(at("wine64"), script, 0700), 0);
}

static void starts(void **state)
{
	char count[16];
	struct outcome out;

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		loader_make(rows[i].script);
		call(rows[i].env, rows[i].ahead, &out);
		if (file_read(at("starts"), count, sizeof(count)) <= 0)
			fail_msg("%s: not started: %s", rows[i].name, out.text);
		if (out.how != rows[i].how || out.code != rows[i].code ||
		    strcmp(count, rows[i].starts) != 0)
			fail_msg("%s: how %d, code %u, started %s: %s", rows[i].name, out.how,
				 out.code, count, out.text);
	}
}

/* Whose Wine hangs before the helper has begun: that is ended and made again, once. */
static const struct {
	const char *name, *script, *starts;
	enum outcome_how how;
	uint32_t code;
	size_t env;
	const struct open *ahead;
} mute[] = {
	{ "the first time", "[ $n = 1 ] && exec sleep 100; take $@; started $@; exited $@", "xx",
	  OUTCOME_EXITED, 5, 2, NULL },
	{ "ahead", "[ $n = 1 ] && exec sleep 100; take $@; started $@; exited $@", "xx",
	  OUTCOME_EXITED, 5, 2, &pipes },
	{ "ahead, told to begin",
	  "[ $n = 1 ] && { begin $@; exec sleep 100; }; take $@; started $@; exited $@", "xx",
	  OUTCOME_EXITED, 5, 2, &pipes },
	{ "always", "exec sleep 100", "xx", OUTCOME_FAILED, 125, 2, NULL },
	{ "always, long", "exec sleep 100", "x", OUTCOME_FAILED, 125, 100000, NULL },
	/* Which only takes its time. */
	{ "it has read", "cat <&$2 >/dev/null & sleep 5; started $@; exited $@; kill $!", "x",
	  OUTCOME_EXITED, 5, 2, NULL },
};

static void silent(void **state)
{
	char count[16];
	struct outcome out;

	(void)state;
	helper_ms = 1000;
	for (size_t i = 0; i < array_len(mute); i++) {
		loader_make(mute[i].script);
		call(mute[i].env, mute[i].ahead, &out);
		if (file_read(at("starts"), count, sizeof(count)) <= 0 || out.how != mute[i].how ||
		    out.code != mute[i].code || strcmp(count, mute[i].starts) != 0)
			fail_msg("%s: how %d, code %u, started %s: %s", mute[i].name, out.how,
				 out.code, count, out.text);
	}
	helper_ms = JOB_HELPER_MS;
}

/* What is no Windows program is refused before Wine hears of it. */
static void header(void **state)
{
	struct outcome out;

	(void)state;
	loader_make("take $@; started $@; exited $@");
	assert_int_equal(file_create(at("x.exe"), "#!/bin/sh\n", 0700), 0);
	drives_add(&drives, 'C', scratch);
	call(2, NULL, &out);
	drives.count = 0;
	unlink(at("x.exe"));
	assert_int_equal(out.how, OUTCOME_FAILED);
	assert_int_equal(out.code, 126);
	assert_non_null(strstr(out.text, "it is not a Windows program"));
	assert_int_equal(access(at("starts"), F_OK), -1);
}

/* Whose Wine does not do what a signal asks for: it ends all the same. */
static const struct {
	const char *name, *script;
	int signal;
	uint32_t code;
} stubborn[] = {
	{ "it does, before it has begun", "touch ready; exec sleep 100", SIGTERM, 128 + SIGTERM },
	{ "before it has begun", "trap '' TERM; touch ready; sleep 100", SIGTERM, 128 + SIGTERM },
	{ "after that", "trap '' TERM; take $@; started $@; touch ready; sleep 100", SIGTERM,
	  128 + SIGTERM },
	{ "hung up", "trap '' HUP; take $@; started $@; touch ready; sleep 100", SIGHUP,
	  128 + SIGHUP },
	{ "its program stays", "take $@; started $@; (trap '' TERM; touch ready; sleep 100)",
	  SIGTERM, 128 + SIGTERM },
};

static void ends(void **state)
{
	struct outcome out;
	int64_t begin;
	int status;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < array_len(stubborn); i++) {
		loader_make(stubborn[i].script);
		pid = fork();
		if (pid == 0) {
			call(2, NULL, &out);
			_exit(outcome_status(&out));
		}
		wait_for("ready");
		unlink(at("ready"));
		begin = loop_now();
		kill(pid, stubborn[i].signal);
		status = child_wait(pid, 20000); /* without force it never ends */
		if (!WIFEXITED(status) || (uint32_t)WEXITSTATUS(status) != stubborn[i].code)
			fail_msg("%s: status %x after %d ms", stubborn[i].name, (unsigned)status,
				 (int)(loop_now() - begin));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(starts), cmocka_unit_test(silent),
					    cmocka_unit_test(header), cmocka_unit_test(ends) };

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("job", tests, setup, teardown);
}
