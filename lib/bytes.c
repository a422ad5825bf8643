/* bytes.c: bounds-checked little-endian cursors. */
#include "lib/bytes.h"

#include <string.h>
#ifdef _WIN32 /* little-endian wherever it runs */
#define le16toh(v) (v)
#define le32toh(v) (v)
#define le64toh(v) (v)
#define htole16(v) (v)
#define htole32(v) (v)
#define htole64(v) (v)
#else
#include <endian.h>
#endif

void reader_init(struct reader *r, const void *data, size_t len)
{
	*r = (struct reader){ .at = data, .left = len };
}

const void *read_bytes(struct reader *r, size_t len)
{
	if (r->bad || len > r->left) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *at = r->at;
	r->at += len;
	r->left -= len;
	return at;
}

/* memcpy of a size that the compiler knows is one move. */
uint8_t read_u8(struct reader *r)
{
	const uint8_t *at = read_bytes(r, 1);

	return at ? *at : 0;
}

uint16_t read_u16(struct reader *r)
{
	const void *at = read_bytes(r, 2);
	uint16_t v = 0;

	if (at)
		memcpy(&v, at, sizeof(v));
	return le16toh(v);
}

uint32_t read_u32(struct reader *r)
{
	const void *at = read_bytes(r, 4);
	uint32_t v = 0;

	if (at)
		memcpy(&v, at, sizeof(v));
	return le32toh(v);
}

uint64_t read_u64(struct reader *r)
{
	const void *at = read_bytes(r, 8);
	uint64_t v = 0;

	if (at)
		memcpy(&v, at, sizeof(v));
	return le64toh(v);
}

void writer_init(struct writer *w, void *data, size_t size)
{
	*w = (struct writer){ .base = data, .size = size };
}

/* Where the next `len` bytes go, or NULL. */
static uint8_t *take_room(struct writer *w, size_t len)
{
	if (w->bad || len > w->size - w->used) {
		w->bad = true;
		return NULL;
	}
	w->used += len;
	return w->base + w->used - len;
}

void write_bytes(struct writer *w, const void *data, size_t len)
{
	uint8_t *at = take_room(w, len);

	if (at && len)
		memcpy(at, data, len);
}

void write_u8(struct writer *w, uint8_t v)
{
	uint8_t *at = take_room(w, sizeof(v));

	if (at)
		*at = v;
}

void write_u16(struct writer *w, uint16_t v)
{
	uint8_t *at = take_room(w, sizeof(v));

	v = htole16(v);
	if (at)
		memcpy(at, &v, sizeof(v));
}

void write_u32(struct writer *w, uint32_t v)
{
	uint8_t *at = take_room(w, sizeof(v));

	v = htole32(v);
	if (at)
		memcpy(at, &v, sizeof(v));
}

void write_u64(struct writer *w, uint64_t v)
{
	uint8_t *at = take_room(w, sizeof(v));

	v = htole64(v);
	if (at)
		memcpy(at, &v, sizeof(v));
}

void write_u32_at(struct writer *w, size_t offset, uint32_t v)
{
	if (w->bad || w->used < 4 || offset > w->used - 4) {
		w->bad = true;
		return;
	}
	v = htole32(v);
	memcpy(w->base + offset, &v, sizeof(v));
}
