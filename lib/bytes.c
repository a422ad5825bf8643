/* bytes.c: bounds-checked little-endian cursors. */
#include "lib/bytes.h"

#include <string.h>

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

static uint64_t read_uint(struct reader *r, size_t len)
{
	const uint8_t *at = read_bytes(r, len);
	uint64_t v = 0;

	if (!at)
		return 0;
	for (size_t i = len; i > 0; i--)
		v = v << 8 | at[i - 1];
	return v;
}

uint8_t read_u8(struct reader *r)
{
	return (uint8_t)read_uint(r, 1);
}

uint16_t read_u16(struct reader *r)
{
	return (uint16_t)read_uint(r, 2);
}

uint32_t read_u32(struct reader *r)
{
	return (uint32_t)read_uint(r, 4);
}

uint64_t read_u64(struct reader *r)
{
	return read_uint(r, 8);
}

void writer_init(struct writer *w, void *data, size_t size)
{
	*w = (struct writer){ .base = data, .size = size };
}

void write_bytes(struct writer *w, const void *data, size_t len)
{
	if (w->bad || len > w->size - w->used) {
		w->bad = true;
		return;
	}
	if (len)
		memcpy(w->base + w->used, data, len);
	w->used += len;
}

static void put_uint(uint8_t *at, uint64_t v, size_t len)
{
	for (size_t i = 0; i < len; i++, v >>= 8)
		at[i] = (uint8_t)v;
}

static void write_uint(struct writer *w, uint64_t v, size_t len)
{
	uint8_t bytes[8];

	put_uint(bytes, v, len);
	write_bytes(w, bytes, len);
}

void write_u8(struct writer *w, uint8_t v)
{
	write_uint(w, v, 1);
}

void write_u16(struct writer *w, uint16_t v)
{
	write_uint(w, v, 2);
}

void write_u32(struct writer *w, uint32_t v)
{
	write_uint(w, v, 4);
}

void write_u64(struct writer *w, uint64_t v)
{
	write_uint(w, v, 8);
}

void write_u32_at(struct writer *w, size_t offset, uint32_t v)
{
	if (w->bad || w->used < 4 || offset > w->used - 4) {
		w->bad = true;
		return;
	}
	put_uint(w->base + offset, v, 4);
}
