/* space.h: namespaces of a test's own, in which it may mount. */
#ifndef LANDBRIDGE_PATHCONV_TEST_SPACE_H
#define LANDBRIDGE_PATHCONV_TEST_SPACE_H

enum { SPACE_SKIP = 77 };

/* Runs body in a child that is root in a user namespace and has a mount
 * namespace to itself. Returns its exit status, for space_verdict: 0 when body
 * returns, SPACE_SKIP after space_leave, -1 when it died. */
int space_run(void (*body)(const char *dir), const char *dir);

/* Passes, skips or fails the cmocka test that calls it. */
void space_verdict(int status);

/* Says on stderr why the test cannot run here, and ends the child. */
_Noreturn void space_leave(const char *why, int error);

/* Asserts in the child, where cmocka's are of no use. */
#define space_check(what)                                                          \
	do {                                                                       \
		if (!(what)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
			_exit(1);                                                  \
		}                                                                  \
	} while (0)

#endif
