/* open.c: the OPEN message, which asks for a stream. */
#include <errno.h>
#include <string.h>

#include "interop/wire/field.h"

enum {
	PROGRAM_FLAGS_KNOWN =
		PROGRAM_TTY | PROGRAM_DETACH | PROGRAM_NO_STDIN | PROGRAM_ONE_OUTPUT | PROGRAM_APART
};

#define BIT(tag) (1u << (tag))

/* What each kind may say besides KIND and UID, and what it must. */
static const struct {
	uint32_t may, must;
} kinds[] = {
	[OPEN_PROGRAM] = { BIT(OPEN_TAG_USER) | BIT(OPEN_TAG_FLAGS) | BIT(OPEN_TAG_PROGRAM) |
				   BIT(OPEN_TAG_ARG) | BIT(OPEN_TAG_CWD) | BIT(OPEN_TAG_ENV) |
				   BIT(OPEN_TAG_WINSZ),
			   0 },
	[OPEN_BYTES] = { BIT(OPEN_TAG_USER) | BIT(OPEN_TAG_SERVICE), BIT(OPEN_TAG_SERVICE) },
	[OPEN_CONNECT] = { BIT(OPEN_TAG_ADDRESS), BIT(OPEN_TAG_ADDRESS) },
	[OPEN_LISTEN] = { BIT(OPEN_TAG_ADDRESS), BIT(OPEN_TAG_ADDRESS) },
	[OPEN_EVENTS] = { 0, 0 },
};

static int take_u32(const struct field *f, uint32_t *out)
{
	struct reader r;

	reader_init(&r, f->at, f->len);
	*out = read_u32(&r);
	return r.bad || r.left ? -EPROTO : 0;
}

static int take_flags(const struct field *f, uint32_t *out)
{
	uint32_t apart;

	if (take_u32(f, out) || (*out & ~(uint32_t)PROGRAM_FLAGS_KNOWN))
		return -EPROTO;
	apart = *out & PROGRAM_APART;
	return apart && (apart == PROGRAM_APART || !(*out & PROGRAM_TTY)) ? -EPROTO : 0;
}

static int take_winsz(const struct field *f, struct open *o)
{
	struct reader r;

	reader_init(&r, f->at, f->len);
	o->rows = read_u16(&r);
	o->cols = read_u16(&r);
	return r.bad || r.left ? -EPROTO : 0;
}

static int take_string(const struct field *f, struct open *o)
{
	struct wire_str s;

	if (field_str(f, &s))
		return -EPROTO;
	if (f->tag == OPEN_TAG_ARG)
		o->argc++;
	else if (s.len > 1 && strchr(s.at + 1, '='))
		o->envc++;
	else
		return -EPROTO;
	return o->argc + o->envc > WIRE_OPEN_STRINGS ? -EPROTO : 0;
}

/* A name: not empty, and short enough to be shown to a person. */
static int take_name(const struct field *f, struct wire_str *out)
{
	return field_str(f, out) || out->len == 0 || out->len > WIRE_NAME_MAX ? -EPROTO : 0;
}

static int take_field(const struct field *f, struct open *o)
{
	switch (f->tag) {
	case OPEN_TAG_KIND:
		return take_u32(f, &o->kind);
	case OPEN_TAG_FLAGS:
		return take_flags(f, &o->flags);
	case OPEN_TAG_PROGRAM:
		return field_str(f, &o->program);
	case OPEN_TAG_CWD:
		return field_str(f, &o->cwd);
	case OPEN_TAG_USER:
		return field_str(f, &o->user);
	case OPEN_TAG_WINSZ:
		return take_winsz(f, o);
	case OPEN_TAG_UID:
		return take_u32(f, &o->uid);
	case OPEN_TAG_SERVICE:
		return take_name(f, &o->service);
	case OPEN_TAG_ADDRESS:
		return take_name(f, &o->address);
	case OPEN_TAG_ARG:
	case OPEN_TAG_ENV:
		return take_string(f, o);
	default:
		return 0;
	}
}

/* Notes the tag; false the second time a field that must be alone comes. */
static bool note_tag(uint32_t *seen, uint16_t tag)
{
	bool alone = tag != OPEN_TAG_ARG && tag != OPEN_TAG_ENV;

	if (tag == 0 || tag > OPEN_TAG_LAST)
		return true;
	if (alone && (*seen & BIT(tag)))
		return false;
	*seen |= BIT(tag);
	return true;
}

/* A kind from the future may say what it likes: it is refused by its number,
 * in words. */
static int check_kind(uint32_t kind, uint32_t seen)
{
	const uint32_t all = BIT(OPEN_TAG_KIND) | BIT(OPEN_TAG_UID);

	if (kind == 0)
		return -EPROTO;
	if (kind > OPEN_KIND_LAST)
		return 0;
	return (seen & ~(all | kinds[kind].may)) || (kinds[kind].must & ~seen) ? -EPROTO : 0;
}

int open_decode(struct open *o, const void *payload, size_t len)
{
	static const struct wire_str empty = { "", 0 };
	struct reader r;
	struct field f;
	uint32_t seen = 0;
	int more;

	memset(o, 0, sizeof(*o));
	o->program = o->cwd = o->user = o->service = o->address = empty;
	o->uid = UINT32_MAX;
	o->fields = payload;
	o->fields_len = len;
	reader_init(&r, payload, len);
	while ((more = field_read(&r, &f)) > 0)
		if (!note_tag(&seen, f.tag) || take_field(&f, o))
			return -EPROTO;
	return more ? more : check_kind(o->kind, seen);
}

const char *open_kind_name(uint32_t kind)
{
	static const char *const names[] = {
		[0] = "unknown",          [OPEN_PROGRAM] = "program",
		[OPEN_BYTES] = "bytes",   [OPEN_CONNECT] = "connect",
		[OPEN_LISTEN] = "listen", [OPEN_EVENTS] = "events",
	};

	return names[kind <= OPEN_KIND_LAST ? kind : 0];
}

bool open_is_raw(uint32_t kind)
{
	return (CFG_P9D || CFG_FORWARD) &&
	       (kind == OPEN_BYTES || kind == OPEN_CONNECT || kind == OPEN_EVENTS);
}

bool open_next(const struct open *o, enum open_tag tag, size_t *pos, struct wire_str *out)
{
	struct reader r;
	struct field f;

	if (*pos >= o->fields_len)
		return false;
	reader_init(&r, o->fields + *pos, o->fields_len - *pos);
	while (field_read(&r, &f) > 0) {
		*pos = o->fields_len - r.left;
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
