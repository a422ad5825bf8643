/* field.c: the tagged fields that HELLO and OPEN are made of. */
#include <errno.h>
#include <string.h>

#include "interop/wire/field.h"

int field_read(struct reader *r, struct field *f)
{
	uint16_t zero;

	if (r->left == 0)
		return 0;
	f->tag = read_u16(r);
	zero = read_u16(r);
	f->len = read_u32(r);
	f->at = read_bytes(r, f->len);
	return r->bad || zero != 0 ? -EPROTO : 1;
}

static void field_header(struct writer *w, uint16_t tag, size_t len)
{
	if (len > UINT32_MAX)
		w->bad = true;
	write_u16(w, tag);
	write_u16(w, 0);
	write_u32(w, (uint32_t)len);
}

void field_write(struct writer *w, uint16_t tag, const void *data, size_t len)
{
	field_header(w, tag, len);
	write_bytes(w, data, len);
}

void field_write_u64(struct writer *w, uint16_t tag, uint64_t v)
{
	field_header(w, tag, sizeof(v));
	write_u64(w, v);
}

void field_write_str(struct writer *w, uint16_t tag, const char *s, size_t len)
{
	field_header(w, tag, len + 1);
	if (len)
		write_bytes(w, s, len);
	write_u8(w, 0);
}

int field_str(const struct field *f, struct wire_str *out)
{
	if (f->len == 0 || f->len > WIRE_STRING_MAX)
		return -EPROTO;
	if (memchr(f->at, 0, f->len) != f->at + f->len - 1)
		return -EPROTO;
	out->at = (const char *)f->at;
	out->len = f->len - 1;
	return 0;
}
