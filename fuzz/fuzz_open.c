/* fuzz_open.c: an OPEN payload. What decodes can be walked, holds strings
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

static uint32_t count(const struct open *l, enum open_tag tag)
{
	struct wire_str s;
	size_t pos = 0;
	uint32_t n = 0;

	for (; open_next(l, tag, &pos, &s); n++)
		check(strlen(s.at) == s.len);
	return n;
}

static void try_uid(const struct open *l)
{
	uint8_t *copy = malloc(l->fields_len + OPEN_UID_FIELD);
	struct open again;
	size_t len;

	if (l->fields_len)
		memcpy(copy, l->fields, l->fields_len);
	len = open_set_uid(copy, l->fields_len, 1000);
	check(len <= l->fields_len + OPEN_UID_FIELD);
	check(open_decode(&again, copy, len) == 0);
	check(again.uid == 1000 && again.argc == l->argc && again.envc == l->envc);
	check(strcmp(again.cwd.at, l->cwd.at) == 0);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct open l;

	if (open_decode(&l, data, size))
		return 0;
	check(strlen(l.program.at) == l.program.len);
	check(l.kind != 0);
	check(strlen(l.user.at) == l.user.len);
	check(strlen(l.service.at) == l.service.len);
	check(strlen(l.address.at) == l.address.len);
	check(count(&l, OPEN_TAG_ARG) == l.argc);
	check(count(&l, OPEN_TAG_ENV) == l.envc);
	try_uid(&l);
	return 0;
}
