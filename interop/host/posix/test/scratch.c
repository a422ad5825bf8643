/* scratch.c: a directory for one test. */
#include "interop/host/posix/test/scratch.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/fmt.h"

char scratch[32];

int scratch_make(void)
{
	fmt(scratch, sizeof(scratch), "/tmp/lbXXXXXX");
	return mkdtemp(scratch) ? 0 : -1;
}

int scratch_remove(void **state)
{
	char command[64];

	(void)state;
	fmt(command, sizeof(command), "rm -r %s", scratch);
	return system(command);
}

const char *at(const char *name)
{
	static char path[2][PATH_MAX];
	static int turn;

	turn = !turn;
	fmt(path[turn], sizeof(path[turn]), "%s/%s", scratch, name);
	return path[turn];
}
