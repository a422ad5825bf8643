/* test_stream.c: a caller and a runner, real programs between them. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/stream/test/pair.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void hello(void **state)
{
	struct talk t;

	(void)state;
	shell(&t, "echo out; echo err >&2; exit 7", pipe_with(""));
	assert_string_equal(t.text[0], "out\n");
	assert_string_equal(t.text[1], "err\n");
	assert_int_equal(t.out.how, OUTCOME_EXITED);
	assert_int_equal(t.out.code, 7);
	assert_true(t.out.pid > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
