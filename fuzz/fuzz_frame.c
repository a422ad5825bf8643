/* fuzz_frame.c: headers and every message but OPEN. What decodes must encode
 * to the same bytes again. */
#include <stdlib.h>
#include <string.h>

#include "interop/wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static void try_hello(const uint8_t *payload, size_t len)
{
	static uint8_t buf[WIRE_CONTROL_MAX];
	struct hello h, again;
	struct writer w;

	if (len > sizeof(buf) || hello_decode(&h, payload, len))
		return;
	check(h.host_path.at[h.host_path.len] == 0);
	writer_init(&w, buf, sizeof(buf));
	hello_encode(&w, &h);
	check(!w.bad && hello_decode(&again, buf, w.used) == 0);
	check(memcmp(h.epoch, again.epoch, WIRE_EPOCH) == 0);
	check(strcmp(h.host_path.at, again.host_path.at) == 0);
	check(h.drives == again.drives && h.read_only == again.read_only);
	check((h.read_only & ~h.drives) == 0 && h.drives >> HELLO_DRIVES == 0);
}

static void try_failed(const uint8_t *payload, size_t len)
{
	uint8_t buf[WIRE_FAILED_MAX];
	struct failed f;
	struct writer w;

	if (len > sizeof(buf) || failed_decode(&f, payload, len))
		return;
	writer_init(&w, buf, sizeof(buf));
	failed_encode(&w, f.code, f.os_error, f.text.at);
	check(!w.bad && w.used == len && memcmp(buf, payload, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t header[WIRE_HEADER];
	struct frame f;

	if (size >= WIRE_EPOCH)
		hello_found(data, size, data);
	if (size < WIRE_HEADER)
		return 0;
	if (frame_decode(&f, data) == 0) {
		frame_encode(header, &f);
		check(memcmp(header, data, WIRE_HEADER) == 0);
		for (uint32_t kind = 0; kind <= OPEN_KIND_LAST + 1; kind++)
			check(!(frame_allowed(&f, kind, true) && frame_allowed(&f, kind, false)));
	}
	try_hello(data + WIRE_HEADER, size - WIRE_HEADER);
	try_failed(data + WIRE_HEADER, size - WIRE_HEADER);
	return 0;
}
