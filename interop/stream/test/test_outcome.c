/* test_outcome.c: the status that stands for how a call ended. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/stream/stream.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

struct status_case {
	const char *name;
	enum outcome_how how;
	uint32_t code, subsystem;
	int write_error;
	int want;
	int signal; /* of which outcome_end dies; 0: it returns */
};

static const struct status_case cases[] = {
	{ "success", OUTCOME_EXITED, 0, WIRE_NATIVE, 0, 0, 0 },
	{ "7", OUTCOME_EXITED, 7, WIRE_CONSOLE, 0, 7, 0 },
	{ "255", OUTCOME_EXITED, 255, WIRE_CONSOLE, 0, 255, 0 },
	{ "256", OUTCOME_EXITED, 256, WIRE_CONSOLE, 0, 255, 0 },
	{ "259", OUTCOME_EXITED, 259, WIRE_CONSOLE, 0, 3, 0 },
	{ "-1", OUTCOME_EXITED, 0xffffffff, WIRE_CONSOLE, 0, 255, 0 },
	{ "low byte 0", OUTCOME_EXITED, 0x80070000, WIRE_GUI, 0, 255, 0 },
	{ "^C", OUTCOME_EXITED, 0xC000013A, WIRE_CONSOLE, 0, 130, SIGINT },
	{ "^C of a native program", OUTCOME_EXITED, 0xC000013A, WIRE_NATIVE, 0, 0x3A, 0 },
	{ "access violation", OUTCOME_EXITED, 0xC0000005, WIRE_CONSOLE, 0, 139, 0 },
	{ "access violation, GUI", OUTCOME_EXITED, 0xC0000005, WIRE_GUI, 0, 139, 0 },
	{ "fail-fast", OUTCOME_EXITED, 0xC0000409, WIRE_CONSOLE, 0, 134, 0 },
	{ "abort()", OUTCOME_EXITED, 3, WIRE_CONSOLE, 0, 3, 0 },
	{ "stack overflow", OUTCOME_EXITED, 0xC00000FD, WIRE_CONSOLE, 0, 139, 0 },
	{ "heap corruption", OUTCOME_EXITED, 0xC0000374, WIRE_CONSOLE, 0, 139, 0 },
	{ "DLL not found", OUTCOME_EXITED, 0xC0000135, WIRE_CONSOLE, 0, 126, 0 },
	{ "entry point", OUTCOME_EXITED, 0xC0000139, WIRE_CONSOLE, 0, 126, 0 },
	{ "DLL init", OUTCOME_EXITED, 0xC0000142, WIRE_CONSOLE, 0, 126, 0 },
	{ "divide by zero", OUTCOME_EXITED, 0xC0000094, WIRE_CONSOLE, 0, 136, 0 },
	{ "integer overflow", OUTCOME_EXITED, 0xC0000095, WIRE_CONSOLE, 0, 136, 0 },
	{ "log-off", OUTCOME_EXITED, 0x40010004, WIRE_CONSOLE, 0, 143, 0 },
	{ "disk full", OUTCOME_EXITED, 0, WIRE_NATIVE, ENOSPC, 125, 0 },
	{ "disk full, and a code", OUTCOME_EXITED, 2, WIRE_NATIVE, ENOSPC, 2, 0 },
	{ "reader gone", OUTCOME_EXITED, 0, WIRE_NATIVE, EPIPE, 0, 0 },
	{ "closed from the start", OUTCOME_EXITED, 0, WIRE_NATIVE, EBADF, 0, 0 },
	{ "KILL", OUTCOME_SIGNALLED, SIGKILL, WIRE_NATIVE, 0, 137, 0 },
	{ "SEGV", OUTCOME_SIGNALLED, SIGSEGV, WIRE_NATIVE, 0, 139, 0 },
	{ "INT", OUTCOME_SIGNALLED, SIGINT, WIRE_NATIVE, 0, 130, SIGINT },
	{ "PIPE", OUTCOME_SIGNALLED, SIGPIPE, WIRE_NATIVE, 0, 141, SIGPIPE },
	{ "QUIT", OUTCOME_SIGNALLED, SIGQUIT, WIRE_NATIVE, 0, 131, SIGQUIT },
	{ "no such signal", OUTCOME_SIGNALLED, 1000, WIRE_NATIVE, 0, 255, 0 },
	{ "signal 0", OUTCOME_SIGNALLED, 0, WIRE_NATIVE, 0, 255, 0 },
	{ "stopped by TERM", OUTCOME_STOPPED, SIGTERM, WIRE_NATIVE, 0, 143, SIGTERM },
	{ "stopped by HUP", OUTCOME_STOPPED, SIGHUP, WIRE_NATIVE, 0, 129, SIGHUP },
	{ "not found", OUTCOME_FAILED, 127, WIRE_NATIVE, 0, 127, 0 },
	{ "not run", OUTCOME_FAILED, 126, WIRE_NATIVE, 0, 126, 0 },
	{ "bridge", OUTCOME_FAILED, 125, WIRE_NATIVE, 0, 125, 0 },
	{ "failed with 0", OUTCOME_FAILED, 0, WIRE_NATIVE, 0, 125, 0 },
	{ "lost", OUTCOME_LOST, 0, WIRE_NATIVE, 0, 125, 0 },
};

static struct outcome outcome_of(const struct status_case *c)
{
	return (struct outcome){
		.how = c->how,
		.code = c->code,
		.subsystem = c->subsystem,
		.write_error = c->write_error,
	};
}

static void statuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		struct outcome out = outcome_of(&cases[i]);

		if (outcome_status(&out) != cases[i].want)
			fail_msg("%s: %d, want %d", cases[i].name, outcome_status(&out),
				 cases[i].want);
	}
}

/* What a person is told: the other half's line, or what a code of Windows means
 * that no program chose itself. */
static void texts(void **state)
{
	static const struct {
		struct outcome out;
		const char *want;
	} told[] = {
		{ { .how = OUTCOME_FAILED, .code = 126, .text = "it is busy" }, "it is busy" },
		{ { .how = OUTCOME_EXITED, .code = 0xC0000135, .subsystem = WIRE_CONSOLE },
		  "a DLL is missing (put it beside the program)" },
		{ { .how = OUTCOME_EXITED, .code = 0xC0000139, .subsystem = WIRE_GUI },
		  "a DLL lacks a function (it is another version)" },
		{ { .how = OUTCOME_EXITED, .code = 0xC0000142, .subsystem = WIRE_CONSOLE },
		  "a DLL failed to start" },
		{ { .how = OUTCOME_EXITED, .code = 0xC0000135, .subsystem = WIRE_NATIVE }, "" },
		{ { .how = OUTCOME_EXITED, .code = 0xC0000005, .subsystem = WIRE_CONSOLE }, "" },
		{ { .how = OUTCOME_FAILED, .code = 0xC0000135, .subsystem = WIRE_CONSOLE }, "" },
		{ { .how = OUTCOME_EXITED, .code = 0, .subsystem = WIRE_CONSOLE }, "" },
	};

	(void)state;
	for (size_t i = 0; i < array_len(told); i++)
		assert_string_equal(outcome_text(&told[i].out), told[i].want);
}

/* The end of a main: seen from its parent. */
static void ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		struct outcome out = outcome_of(&cases[i]);
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(outcome_end(&out));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (cases[i].signal) {
			assert_true(WIFSIGNALED(status));
			assert_int_equal(WTERMSIG(status), cases[i].signal);
			assert_false(WCOREDUMP(status));
		} else {
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), cases[i].want);
		}
	}
}

static void check_code(uint32_t code, uint32_t subsystem)
{
	struct outcome out = { .how = OUTCOME_EXITED, .code = code, .subsystem = subsystem };

	if ((outcome_status(&out) == 0) != (code == 0))
		fail_msg("code %x: %d", code, outcome_status(&out));
}

static void only_zero_is_zero(void **state)
{
	(void)state;
	for (uint32_t half = 0; half < 0x10000; half++) {
		for (uint32_t subsystem = WIRE_NATIVE; subsystem <= WIRE_CONSOLE; subsystem++) {
			check_code(half, subsystem);
			check_code(half << 16, subsystem);
			check_code(half << 16 | half, subsystem);
			check_code(half << 8, subsystem);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses),
		cmocka_unit_test(texts),
		cmocka_unit_test(ends),
		cmocka_unit_test(only_zero_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
