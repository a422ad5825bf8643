/* open.c: the OPEN message, which asks for a program. */
#include <errno.h>
#include <string.h>

#include "interop/wire/field.h"

enum { PROGRAM_FLAGS_KNOWN = PROGRAM_TTY | PROGRAM_LOGIN | PROGRAM_DETACH | PROGRAM_NO_STDIN };

static int take_u32(const struct field *f, uint32_t *out)
{
	struct reader r;

	reader_init(&r, f->at, f->len);
	*out = read_u32(&r);
	return r.bad || r.left ? -EPROTO : 0;
}

static int take_flags(const struct field *f, uint32_t *out)
{
	if (take_u32(f, out) || (*out & ~(uint32_t)PROGRAM_FLAGS_KNOWN))
		return -EPROTO;
	return 0;
}

static int take_winsz(const struct field *f, struct open *l)
{
	struct reader r;

	reader_init(&r, f->at, f->len);
	l->rows = read_u16(&r);
	l->cols = read_u16(&r);
	return r.bad || r.left ? -EPROTO : 0;
}

static int take_string(const struct field *f, struct open *l)
{
	struct wire_str s;

	if (field_str(f, &s))
		return -EPROTO;
	if (f->tag == OPEN_TAG_ARG)
		l->argc++;
	else if (s.len > 1 && strchr(s.at + 1, '='))
		l->envc++;
	else
		return -EPROTO;
	return l->argc + l->envc > WIRE_OPEN_STRINGS ? -EPROTO : 0;
}

static int take_field(const struct field *f, struct open *l)
{
	switch (f->tag) {
	case OPEN_TAG_FLAGS:
		return take_flags(f, &l->flags);
	case OPEN_TAG_PROGRAM:
		return field_str(f, &l->program);
	case OPEN_TAG_CWD:
		return field_str(f, &l->cwd);
	case OPEN_TAG_USER:
		return field_str(f, &l->user);
	case OPEN_TAG_WINSZ:
		return take_winsz(f, l);
	case OPEN_TAG_UID:
		return take_u32(f, &l->uid);
	case OPEN_TAG_ARG:
	case OPEN_TAG_ENV:
		return take_string(f, l);
	default:
		return 0;
	}
}

/* True the second time a field that must be alone comes. */
static bool seen_twice(uint32_t *seen, uint16_t tag)
{
	uint32_t bit;

	if (tag == OPEN_TAG_ARG || tag == OPEN_TAG_ENV || tag > OPEN_TAG_UID)
		return false;
	bit = 1u << tag;
	if (*seen & bit)
		return true;
	*seen |= bit;
	return false;
}

int open_decode(struct open *l, const void *payload, size_t len)
{
	static const struct wire_str empty = { "", 0 };
	struct reader r;
	struct field f;
	uint32_t seen = 0;
	int more;

	memset(l, 0, sizeof(*l));
	l->program = l->cwd = l->user = empty;
	l->uid = UINT32_MAX;
	l->fields = payload;
	l->fields_len = len;
	reader_init(&r, payload, len);
	while ((more = field_read(&r, &f)) > 0)
		if (seen_twice(&seen, f.tag) || take_field(&f, l))
			return -EPROTO;
	return more;
}

bool open_next(const struct open *l, enum open_tag tag, size_t *pos, struct wire_str *out)
{
	struct reader r;
	struct field f;

	if (*pos >= l->fields_len)
		return false;
	reader_init(&r, l->fields + *pos, l->fields_len - *pos);
	while (field_read(&r, &f) > 0) {
		*pos = l->fields_len - r.left;
		if (f.tag == tag)
			return field_str(&f, out) == 0;
	}
	return false;
}

void open_put_str(struct writer *w, enum open_tag tag, const char *s, size_t len)
{
	field_write_str(w, (uint16_t)tag, s, len);
}

void open_put_u32(struct writer *w, enum open_tag tag, uint32_t v)
{
	uint8_t bytes[4];
	struct writer field;

	writer_init(&field, bytes, sizeof(bytes));
	write_u32(&field, v);
	field_write(w, (uint16_t)tag, bytes, sizeof(bytes));
}

void open_put_winsz(struct writer *w, uint16_t rows, uint16_t cols)
{
	uint8_t bytes[4];
	struct writer field;

	writer_init(&field, bytes, sizeof(bytes));
	write_u16(&field, rows);
	write_u16(&field, cols);
	field_write(w, OPEN_TAG_WINSZ, bytes, sizeof(bytes));
}

size_t open_set_uid(uint8_t *payload, size_t len, uint32_t uid)
{
	struct reader r;
	struct writer w;
	struct field f;
	size_t kept = 0;

	reader_init(&r, payload, len);
	while (field_read(&r, &f) > 0) {
		size_t size = FIELD_HEADER + f.len;

		if (f.tag == OPEN_TAG_UID)
			continue;
		memmove(payload + kept, f.at - FIELD_HEADER, size);
		kept += size;
	}
	writer_init(&w, payload + kept, len - kept + OPEN_UID_FIELD);
	open_put_u32(&w, OPEN_TAG_UID, uid);
	return kept + w.used;
}
