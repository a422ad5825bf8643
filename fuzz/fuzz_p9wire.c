/* fuzz_p9wire.c: any bytes as a 9P message; what is accepted must come out the
 * same when it is written again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "p9d/wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void there_and_back(const struct p9_msg *m, const uint8_t *data, size_t len)
{
	size_t size = len + 4; /* Tfsync may grow by the field it lacked */
	uint8_t *out = malloc(size);
	int n = p9_encode(m, out, size);

	assert(n == (int)len || (m->type == P9_TFSYNC && n == (int)len + 4));
	if (n == (int)len)
		assert(memcmp(out, data, len) == 0);
	free(out);
}

static void entries(const struct p9_msg *m, bool with_attr)
{
	struct p9_dirent entry;
	struct reader r;

	reader_init(&r, m->data, m->count);
	while (p9_dirent_get(&r, &entry, with_attr)) {
		assert(entry.name.len == 0 || entry.name.at[0] == *entry.name.at);
		assert(r.left < m->count);
	}
}

/* What is read of a list is what a list of it would be read as. */
static void listed(const struct p9_msg *m)
{
	static uint8_t again[4096];
	struct p9_listed one;
	struct writer w;
	struct reader r;

	reader_init(&r, m->data, m->count);
	writer_init(&w, again, sizeof(again));
	while (p9_listed_get(&r, &one) && p9_listed_put(&w, &one))
		assert(memcmp(again, m->data, w.used) == 0);
}

static void changes(const struct p9_msg *m)
{
	struct p9_change change;
	struct reader r;

	reader_init(&r, m->data, m->count);
	while (p9_change_get(&r, &change))
		assert(change.name.len == 0 || (uint8_t)change.name.at[change.name.len - 1] ==
						       m->data[m->count - r.left - 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct p9_msg m;

	if (p9_decode(&m, data, len) == 0) {
		there_and_back(&m, data, len);
		if (m.type == P9_TREADDIR + 1 || m.type == P9_TWREADDIR + 1)
			entries(&m, m.type == P9_TWREADDIR + 1);
		if (m.type == P9_TWLIST + 1)
			listed(&m);
		if (m.type == P9_TWWATCH + 1)
			changes(&m);
	}
	return 0;
}
