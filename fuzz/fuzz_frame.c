/* fuzz_frame.c: a guest's stream of frames, which comes in two pieces: what is left
 * may leave, whole, and nothing is lost of what comes after it. */
#include <stdlib.h>
#include <string.h>

#include "interop/host/ethernet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_whole(const uint8_t *bytes, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t frame = (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 |
			       (size_t)bytes[at + 2] << 8 | bytes[at + 3];

		if (len - at - 4 < frame || !frame_may_leave(bytes + at + 4, frame))
			abort();
		at += 4 + frame;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	size_t len = size / 2;
	long whole;

	memcpy(copy, data, len);
	whole = frames_filter(copy, &len);
	if (whole >= 0) {
		check_whole(copy, (size_t)whole);
		memcpy(copy + len, data + size / 2, size - size / 2);
		len += size - size / 2;
		whole = frames_filter(copy, &len);
		if (whole > (long)len)
			abort();
		if (whole > 0)
			check_whole(copy, (size_t)whole);
	}
	free(copy);
	return 0;
}
