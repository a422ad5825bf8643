/* frame.c: the 12-byte header of every frame, and what each type may look like. */
#include <errno.h>

#include "interop/wire/wire.h"

enum {
	CONNECTION = 0,
	OPENER = 1,
	RUNNER = 2,
	DATA_OF_FD = 4, /* fd 0 flows from the opener, 1 and 2 from the runner */
	WORD_ON_FD = 8, /* said by the side that reads the fd */
};

/* Kinds of streams on which a frame may come at all. */
#define KIND(kind) (1u << (kind))
enum {
	PROGRAM = KIND(OPEN_PROGRAM),
	RAW = KIND(OPEN_BYTES) | KIND(OPEN_CONNECT) | KIND(OPEN_EVENTS),
	DATA = PROGRAM | RAW,
	ANY = DATA | KIND(OPEN_LISTEN),
};

struct rule {
	uint32_t min, max; /* of the payload */
	uint8_t flags;     /* greatest value */
	uint8_t from;
	uint8_t kinds;
};

static const struct rule rules[] = {
	[WIRE_HELLO] = { WIRE_HELLO_MIN, WIRE_CONTROL_MAX, 0, CONNECTION, 0 },
	[WIRE_PING] = { 0, 0, 0, CONNECTION, 0 },
	[WIRE_PONG] = { 0, 0, 0, CONNECTION, 0 },
	[WIRE_SHUTDOWN] = { 0, 0, 0, CONNECTION, 0 },
	[WIRE_OPEN] = { 0, WIRE_OPEN_MAX, WIRE_MORE, OPENER, ANY },
	[WIRE_STARTED] = { 8, 8, 0, RUNNER, ANY },
	[WIRE_FAILED] = { 9, WIRE_FAILED_MAX, 0, RUNNER, ANY },
	[WIRE_DATA] = { 1, WIRE_DATA_MAX, 2, DATA_OF_FD, DATA },
	[WIRE_EOF] = { 0, 0, 2, DATA_OF_FD, DATA },
	[WIRE_CLOSED] = { 0, 0, 2, WORD_ON_FD, DATA },
	[WIRE_CREDIT_ADD] = { 4, 4, 2, WORD_ON_FD, DATA },
	[WIRE_CONSUMED] = { 8, 8, 0, RUNNER, PROGRAM },
	[WIRE_WINSZ] = { 4, 4, 0, OPENER, PROGRAM },
	[WIRE_SIGNAL] = { 4, 4, 0, OPENER, PROGRAM },
	[WIRE_EXIT] = { 4, 4, WIRE_SIGNALLED, RUNNER, ANY },
	[WIRE_ABORT] = { 0, 0, 0, OPENER, ANY },
};

static bool type_known(uint8_t type)
{
	return (type >= WIRE_HELLO && type <= WIRE_SHUTDOWN) ||
	       (type >= WIRE_OPEN && type <= WIRE_ABORT);
}

int frame_decode(struct frame *f, const uint8_t header[WIRE_HEADER])
{
	const struct rule *rule;
	struct reader r;

	reader_init(&r, header, WIRE_HEADER);
	f->length = read_u32(&r);
	f->type = read_u8(&r);
	f->flags = read_u8(&r);
	if (read_u16(&r) != 0 || !type_known(f->type))
		return -EPROTO;
	f->stream = read_u32(&r);

	rule = &rules[f->type];
	if (f->length < rule->min || f->length > rule->max || f->flags > rule->flags)
		return -EPROTO;
	if ((f->stream == 0) != (rule->from == CONNECTION))
		return -EPROTO;
	return 0;
}

void frame_encode(uint8_t header[WIRE_HEADER], const struct frame *f)
{
	struct writer w;

	writer_init(&w, header, WIRE_HEADER);
	write_u32(&w, f->length);
	write_u8(&w, f->type);
	write_u8(&w, f->flags);
	write_u16(&w, 0);
	write_u32(&w, f->stream);
}

bool frame_allowed(const struct frame *f, uint32_t kind, bool from_opener)
{
	const struct rule *rule = &rules[f->type];

	if (kind > OPEN_KIND_LAST || !(rule->kinds & KIND(kind)))
		return false;
	switch (rule->from) {
	case OPENER:
		return from_opener;
	case RUNNER:
		return !from_opener;
	case DATA_OF_FD:
	case WORD_ON_FD:
		/* A stream of bytes has no stderr. */
		if (f->flags == 2 && kind != OPEN_PROGRAM)
			return false;
		return ((f->flags == 0) == (rule->from == DATA_OF_FD)) == from_opener;
	default:
		return false;
	}
}

void frame_put(struct writer *w, const struct frame *f, const void *payload)
{
	uint8_t header[WIRE_HEADER];

	frame_encode(header, f);
	write_bytes(w, header, sizeof(header));
	if (f->length)
		write_bytes(w, payload, f->length);
}
