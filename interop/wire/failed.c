/* failed.c: the FAILED message, which says why a stream came to nothing. */
#include <errno.h>
#include <string.h>

#include "interop/wire/wire.h"
#include "lib/text.h"

enum { FAILED_TEXT_MAX = WIRE_FAILED_MAX - 8 - 1 };

int failed_decode(struct failed *f, const void *payload, size_t len)
{
	struct reader r;
	const uint8_t *text;

	reader_init(&r, payload, len);
	f->code = read_u32(&r);
	f->os_error = read_u32(&r);
	if (r.bad || r.left == 0)
		return -EPROTO;
	if (f->code < WIRE_FAIL_BRIDGE || f->code > WIRE_FAIL_NOT_FOUND)
		return -EPROTO;
	f->text.len = r.left - 1;
	text = read_bytes(&r, r.left);
	if (text[f->text.len] != 0 || !text_clean(text, f->text.len))
		return -EPROTO;
	f->text.at = (const char *)text;
	return 0;
}

void failed_encode(struct writer *w, uint32_t code, uint32_t os_error, const char *text)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t len = strnlen(text, FAILED_TEXT_MAX), size;

	write_u32(w, code);
	write_u32(w, os_error);
	for (size_t i = 0; i < len; i += size) {
		size_t left = len - i, control = text_control(at + i, left);

		size = control ? control : text_character(at + i, left);
		if (control)
			write_u8(w, '?');
		else
			write_bytes(w, at + i, size);
	}
	write_u8(w, 0);
}
