/* field.h: the tagged fields that HELLO and OPEN are made of (private). */
#ifndef LANDBRIDGE_INTEROP_WIRE_FIELD_H
#define LANDBRIDGE_INTEROP_WIRE_FIELD_H

#include "interop/wire/wire.h"

enum { FIELD_HEADER = 8 };

struct field {
	uint16_t tag;
	uint32_t len;
	const uint8_t *at;
};

/* The next field: 1, 0 at the end, -EPROTO when it is cut or not clean. */
int field_read(struct reader *r, struct field *f);
void field_write(struct writer *w, uint16_t tag, const void *data, size_t len);
void field_write_u64(struct writer *w, uint16_t tag, uint64_t v);
/* A string with its NUL. */
void field_write_str(struct writer *w, uint16_t tag, const char *s, size_t len);
/* The field as a string: -EPROTO unless it ends with its only NUL. */
int field_str(const struct field *f, struct wire_str *out);

#endif
