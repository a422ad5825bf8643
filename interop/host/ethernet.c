/* ethernet.c: what a guest may send to the network. */
#include "interop/host/ethernet.h"

#include <string.h>

enum {
	TYPE_AT = 12, /* of an Ethernet frame; its payload comes after it */
	IPV4 = 0x0800,
	ARP = 0x0806,
	IPV6 = 0x86dd,
	IPV4_TO = 14 + 16,
	IPV6_TO = 14 + 24,
	PREFIX = 4, /* the length before each frame */
};

bool frame_may_leave(const uint8_t *frame, size_t len)
{
	static const uint8_t zeros[10];

	if (len < TYPE_AT + 2)
		return false;
	switch (frame[TYPE_AT] << 8 | frame[TYPE_AT + 1]) {
	case ARP:
		return true;
	case IPV4:
		return len >= IPV4_TO + 4 && frame[IPV4_TO] != 127 && frame[IPV4_TO] != 0;
	case IPV6:
		return len >= IPV6_TO + 16 && memcmp(frame + IPV6_TO, zeros, sizeof(zeros)) != 0;
	default:
		return false;
	}
}

long frames_filter(uint8_t *stream, size_t *len)
{
	size_t from = 0, to = 0;

	while (*len - from >= PREFIX) {
		const uint8_t *p = stream + from;
		size_t frame = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];

		if (frame == 0 || frame > FRAME_MAX)
			return -1;
		if (*len - from - PREFIX < frame)
			break;
		if (frame_may_leave(p + PREFIX, frame)) {
			memmove(stream + to, p, PREFIX + frame);
			to += PREFIX + frame;
		}
		from += PREFIX + frame;
	}
	memmove(stream + to, stream + from, *len - from);
	*len = to + (*len - from);
	return (long)to;
}
