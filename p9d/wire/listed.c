/* listed.c: entries of Rwlist: an entry of Rwreaddir and a file's bytes. */
#include <string.h>

#include "p9d/wire/wire.h"

uint8_t *p9_listed_place(const struct writer *w, uint16_t name_len, size_t *room)
{
	size_t around = P9_LISTED_HEADER + (size_t)name_len;

	*room = 0;
	if (w->bad || w->size - w->used <= around)
		return NULL;
	*room = w->size - w->used - around;
	return w->base + w->used + around;
}

bool p9_listed_put(struct writer *w, const struct p9_listed *listed)
{
	size_t len = listed->count == P9_NO_BYTES ? 0 : listed->count;
	uint8_t *to;

	if (w->bad || P9_LISTED_HEADER + listed->entry.name.len + len > w->size - w->used)
		return false;
	p9_dirent_put(w, &listed->entry, true);
	write_u32(w, listed->count);
	to = w->base + w->used;
	if (len && to != listed->bytes)
		memmove(to, listed->bytes, len);
	w->used += len;
	return true;
}

bool p9_listed_get(struct reader *r, struct p9_listed *listed)
{
	if (!p9_dirent_get(r, &listed->entry, true))
		return false;
	listed->count = read_u32(r);
	listed->bytes = listed->count == P9_NO_BYTES ? NULL : read_bytes(r, listed->count);
	return !r->bad;
}
