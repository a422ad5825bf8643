/* fuzz_launch.c: a LAUNCH payload. What decodes can be walked, holds strings
 * that end where they say, and still decodes with another UID in it. */
#include <stdlib.h>
#include <string.h>

#include "interop/wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static uint32_t count(const struct launch *l, enum launch_tag tag)
{
	struct wire_str s;
	size_t pos = 0;
	uint32_t n = 0;

	for (; launch_next(l, tag, &pos, &s); n++)
		check(strlen(s.at) == s.len);
	return n;
}

static void try_uid(const struct launch *l)
{
	uint8_t *copy = malloc(l->fields_len + LAUNCH_UID_FIELD);
	struct launch again;
	size_t len;

	if (l->fields_len)
		memcpy(copy, l->fields, l->fields_len);
	len = launch_set_uid(copy, l->fields_len, 1000);
	check(len <= l->fields_len + LAUNCH_UID_FIELD);
	check(launch_decode(&again, copy, len) == 0);
	check(again.uid == 1000 && again.argc == l->argc && again.envc == l->envc);
	check(strcmp(again.cwd.at, l->cwd.at) == 0);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct launch l;

	if (launch_decode(&l, data, size))
		return 0;
	check(strlen(l.program.at) == l.program.len);
	check(strlen(l.user.at) == l.user.len);
	check(count(&l, LAUNCH_TAG_ARG) == l.argc);
	check(count(&l, LAUNCH_TAG_ENV) == l.envc);
	try_uid(&l);
	return 0;
}
