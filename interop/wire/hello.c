/* hello.c: the HELLO message, which names versions and epochs. */
#include <errno.h>
#include <string.h>

#include "interop/wire/field.h"

static const char hello_magic[8] = { 'L', 'A', 'N', 'D', 'B', 'R', 'D', 'G' };

static bool hello_fixed(struct hello *h, struct reader *r)
{
	const void *magic = read_bytes(r, sizeof(hello_magic));
	const void *epoch, *echo;

	h->version_min = read_u16(r);
	h->version_max = read_u16(r);
	epoch = read_bytes(r, WIRE_EPOCH);
	echo = read_bytes(r, WIRE_EPOCH);
	h->features = read_u32(r);
	if (r->bad || memcmp(magic, hello_magic, sizeof(hello_magic)) != 0)
		return false;
	memcpy(h->epoch, epoch, WIRE_EPOCH);
	memcpy(h->echo, echo, WIRE_EPOCH);
	return h->version_min <= h->version_max;
}

/* A letter once, and nothing in it that we do not know. */
static int drive_decode(struct hello *h, const struct field *f)
{
	uint32_t bit;

	if (f->len != 4 || f->at[0] < 'A' || f->at[0] >= 'A' + HELLO_DRIVES ||
	    f->at[1] > HELLO_DRIVE_READ_ONLY || f->at[2] || f->at[3])
		return -EPROTO;
	bit = (uint32_t)1 << (f->at[0] - 'A');
	if (h->drives & bit)
		return -EPROTO;
	h->drives |= bit;
	if (f->at[1])
		h->read_only |= bit;
	return 0;
}

static int time_decode(struct hello *h, const struct field *f)
{
	struct reader r;

	reader_init(&r, f->at, f->len);
	h->time = read_u64(&r);
	return f->len == sizeof(h->time) ? 0 : -EPROTO;
}

static int hello_field(struct hello *h, const struct field *f)
{
	switch (f->tag) {
	case HELLO_TAG_HOST_PATH:
		return field_str(f, &h->host_path);
	case HELLO_TAG_DRIVE:
		return drive_decode(h, f);
	case HELLO_TAG_TIME:
		return time_decode(h, f);
	default:
		return 0;
	}
}

int hello_decode(struct hello *h, const void *payload, size_t len)
{
	struct reader r;
	struct field f;
	int more;

	reader_init(&r, payload, len);
	h->host_path = (struct wire_str){ "", 0 };
	h->drives = h->read_only = 0;
	h->time = 0;
	if (!hello_fixed(h, &r))
		return -EPROTO;
	while ((more = field_read(&r, &f)) > 0)
		if (hello_field(h, &f))
			return -EPROTO;
	return more;
}

void hello_encode(struct writer *w, const struct hello *h)
{
	write_bytes(w, hello_magic, sizeof(hello_magic));
	write_u16(w, h->version_min);
	write_u16(w, h->version_max);
	write_bytes(w, h->epoch, WIRE_EPOCH);
	write_bytes(w, h->echo, WIRE_EPOCH);
	write_u32(w, h->features);
	if (h->host_path.len)
		field_write_str(w, HELLO_TAG_HOST_PATH, h->host_path.at, h->host_path.len);
	for (unsigned i = 0; i < HELLO_DRIVES; i++) {
		const uint8_t drive[4] = { (uint8_t)('A' + i), h->read_only >> i & 1 };

		if (h->drives >> i & 1)
			field_write(w, HELLO_TAG_DRIVE, drive, sizeof(drive));
	}
	if (h->time)
		field_write_u64(w, HELLO_TAG_TIME, h->time);
}

void hello_drives_text(char text[HELLO_DRIVES_TEXT], uint32_t drives)
{
	for (char letter = 'A'; letter < 'A' + HELLO_DRIVES; letter++, drives >>= 1) {
		if (!(drives & 1))
			continue;
		*text++ = letter;
		*text++ = ':';
		if (drives >> 1) {
			*text++ = ',';
			*text++ = ' ';
		}
	}
	*text = '\0';
}

bool hello_speaks(const struct hello *h, uint16_t version)
{
	return h->version_min <= version && version <= h->version_max;
}

bool hello_found(const uint8_t *at, size_t len, const uint8_t epoch[WIRE_EPOCH])
{
	struct frame f;
	struct hello h;
	struct reader r;

	if (len < WIRE_HEADER + WIRE_HELLO_MIN)
		return false;
	if (frame_decode(&f, at) || f.type != WIRE_HELLO)
		return false;
	reader_init(&r, at + WIRE_HEADER, WIRE_HELLO_MIN);
	return hello_fixed(&h, &r) && memcmp(h.echo, epoch, WIRE_EPOCH) == 0;
}
