/* test_ethernet.c: what a guest may send to the network. */
#include "interop/host/ethernet.h"

#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

#define MACS "\2\0\0\0\0\1\2\0\0\0\0\2"
/* version to source, then the destination */
#define IPV4(to)        \
	MACS "\x08\x00" \
	     "\x45\0\0\x14\0\0\0\0\x40\6\0\0\x0a\0\2\x0f" to
#define IPV6(to)                      \
	MACS "\x86\xdd"               \
	     "\x60\0\0\0\0\0\x3b\x40" \
	     "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1" to
#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *name, *frame;
	size_t len;
	bool may;
} frames[] = {
	{ "nothing", BYTES(""), false },
	{ "no type", BYTES(MACS "\x08"), false },
	{ "ARP", BYTES(MACS "\x08\x06"), true },
	{ "to the world", BYTES(IPV4("\x5d\xb8\xd8\x22")), true },
	{ "to the gateway", BYTES(IPV4("\x0a\0\2\2")), true },
	{ "to everybody", BYTES(IPV4("\xff\xff\xff\xff")), true },
	{ "to 127.0.0.1", BYTES(IPV4("\x7f\0\0\1")), false },
	{ "to 127.255.255.255", BYTES(IPV4("\x7f\xff\xff\xff")), false },
	{ "to 126.255.255.255", BYTES(IPV4("\x7e\xff\xff\xff")), true },
	{ "to 128.0.0.1", BYTES(IPV4("\x80\0\0\1")), true },
	{ "to 0.0.0.0", BYTES(IPV4("\0\0\0\0")), false },
	{ "to 0.1.2.3", BYTES(IPV4("\0\1\2\3")), false },
	{ "cut short", BYTES(IPV4("\x5d\xb8\xd8")), false },
	{ "to ::", BYTES(IPV6("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")), false },
	{ "to ::1", BYTES(IPV6("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1")), false },
	{ "to ::ffff:127.0.0.1", BYTES(IPV6("\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1")), false },
	{ "to fe80::1", BYTES(IPV6("\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1")), true },
	{ "to 64:ff9b::7f00:1", BYTES(IPV6("\0\x64\xff\x9b\0\0\0\0\0\0\0\0\x7f\0\0\1")), true },
	{ "6 cut short", BYTES(IPV6("\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0")), false },
	{ "in a VLAN",
	  BYTES(MACS "\x81\x00\0\1\x08\x00"
		     "\x45"),
	  false },
};

static void test_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(frames); i++)
		if (frame_may_leave((const uint8_t *)frames[i].frame, frames[i].len) !=
		    frames[i].may)
			fail_msg("%s: not %d", frames[i].name, frames[i].may);
}

#define ARP "\0\0\0\x0e" MACS "\x08\x06"
#define HOME "\0\0\0\x22" IPV4("\x7f\0\0\1")

static const struct {
	const char *name, *stream;
	size_t len;
	const char *left;
	size_t left_len;
	long whole;
} streams[] = {
	{ "nothing", BYTES(""), BYTES(""), 0 },
	{ "a beginning", BYTES("\0\0\0"), BYTES("\0\0\0"), 0 },
	{ "one", BYTES(ARP), BYTES(ARP), 18 },
	{ "one that stays", BYTES(HOME), BYTES(""), 0 },
	{ "between two", BYTES(ARP HOME ARP), BYTES(ARP ARP), 36 },
	{ "before a part", BYTES(HOME ARP "\0\0\0\x22" MACS), BYTES(ARP "\0\0\0\x22" MACS), 18 },
	{ "of length 0", BYTES("\0\0\0\0" ARP), BYTES("\0\0\0\0" ARP), -1 },
	{ "of length 65551", BYTES(ARP "\0\1\0\x0f" MACS), BYTES(ARP "\0\1\0\x0f" MACS), -1 },
};

static void test_streams(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(streams); i++) {
		uint8_t bytes[256];
		size_t len = streams[i].len;
		long whole;

		memcpy(bytes, streams[i].stream, len);
		whole = frames_filter(bytes, &len);
		if (whole != streams[i].whole || len != streams[i].left_len ||
		    memcmp(bytes, streams[i].left, len) != 0)
			fail_msg("%s: %ld of %zu bytes", streams[i].name, whole, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_streams),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
