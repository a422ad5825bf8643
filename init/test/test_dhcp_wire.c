/* test_dhcp_wire.c: what a DHCP client says, and what it makes of answers. */
#include "init/dhcp_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

enum { OPTIONS = 240 };

static const struct dhcp_ask asked = { .type = DHCP_REQUEST,
				       .xid = 0x01020304,
				       .seconds = 0x0506,
				       .mac = { 0x52, 0x54, 0, 1, 2, 3 },
				       .hostname = "boat" };

/* An answer to it with these options; `from` is the address that is given. */
static size_t answer_make(uint8_t *out, const char *from, const void *options, size_t len)
{
	uint32_t address = inet_addr(from);

	memset(out, 0, OPTIONS);
	out[0] = 2;
	out[1] = 1;
	out[2] = 6;
	memcpy(out + 4, &asked.xid, 4);
	memcpy(out + 16, &address, 4);
	memcpy(out + 28, asked.mac, 6);
	memcpy(out + 236, "\x63\x82\x53\x63", 4);
	memcpy(out + OPTIONS, options, len);
	return OPTIONS + len;
}

static void test_put(void **state)
{
	static const uint8_t options[] = { 53, 1,  3,  61, 7,   1,   0x52, 0x54, 0,  1,  2,  3,
					   50, 4,  10, 0,  2,   15,  54,   4,    10, 0,  2,  2,
					   57, 2,  2,  36, 55,  8,   1,    3,    6,  15, 26, 51,
					   58, 59, 12, 4,  'b', 'o', 'a',  't',  255 };
	struct dhcp_ask ask = asked;
	uint8_t out[DHCP_MAX];

	(void)state;
	ask.wanted = inet_addr("10.0.2.15");
	ask.server = inet_addr("10.0.2.2");
	assert_int_equal(dhcp_put(out, &ask), 300);
	assert_memory_equal(out, "\x01\x01\x06\x00", 4);
	assert_memory_equal(out + 4, &ask.xid, 4);
	assert_memory_equal(out + 8, "\x05\x06\x00\x00\x00\x00\x00\x00", 8);
	assert_memory_equal(out + 28, ask.mac, 6);
	assert_memory_equal(out + OPTIONS, options, sizeof(options));
	ask.client = inet_addr("10.0.2.15");
	ask.hostname = "a-name-of-a-machine-that-is-longer-than-a-label-of-dns-may-be-ever-so-much";
	assert_true(dhcp_put(out, &ask) <= DHCP_MAX);
	assert_memory_equal(out + 12, &ask.client, 4);
}

#define ACK "\x35\x01\x05"
#define OFFER "\x35\x01\x02"
#define NAK "\x35\x01\x06"
#define SERVER "\x36\x04\x0a\x00\x02\x02"
#define END "\xff"
#define ROW(options) options, sizeof(options) - 1
#define TIMES(a, b, c) .lasts = (a), .renew = (b), .rebind = (c)
#define FOR_EVER TIMES(DHCP_FOREVER, DHCP_FOREVER / 2, DHCP_FOREVER - DHCP_FOREVER / 8)

static const struct {
	const char *options;
	size_t len;
	const char *address;
	struct dhcp_answer want;
} answers[] = {
	{ ROW(ACK SERVER "\x01\x04\xff\xff\xff\x00\x03\x04\x0a\x00\x02\x02\x06\x04\x0a\x00\x02\x03"
			 "\x33\x04\x00\x01\x51\x80" END),
	  "10.0.2.15",
	  { .type = DHCP_ACK, .bits = 24, .dns_count = 1, TIMES(86400, 43200, 75600) } },
	{ ROW(OFFER SERVER
	      "\x33\x04\x00\x00\x00\x78\x3a\x04\x00\x00\x00\x05\x3b\x04\x00\x00\x00\x50"
	      "\x1a\x02\x05\x78\x0f\x04"
	      "home" END),
	  "192.168.1.9",
	  { .type = DHCP_OFFER, .bits = 24, TIMES(120, 5, 80), .mtu = 1400, .domain = "home" } },
	/* No end, padding, no time: for ever. */
	{ ROW("\0\0" ACK "\0" SERVER), "10.0.0.1", { .type = DHCP_ACK, .bits = 8, FOR_EVER } },
	/* Times in no order, a mask with holes, an MTU that cannot be. */
	{ ROW(ACK SERVER "\x33\x04\x00\x00\x00\x64\x3a\x04\x00\x00\xff\xff\x3b\x04\x00\x00\xff\xff"
			 "\x01\x04\xff\x00\xff\x00\x1a\x02\x00\x10" END),
	  "172.16.0.1",
	  { .type = DHCP_ACK, .bits = 16, TIMES(100, 50, 88) } },
	/* A domain that would be a line of resolv.conf; one too short, and its NUL. */
	{ ROW(ACK SERVER "\x0f\x05"
			 "a\nb c"
			 "\x0f\x00\x0f\x04"
			 "a.b\0" END),
	  "10.0.0.1",
	  { .type = DHCP_ACK, .bits = 8, FOR_EVER, .domain = "a.b" } },
	{ ROW(NAK END), "0.0.0.0", { .type = DHCP_NAK } },
};

static void test_take(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(answers); i++) {
		const struct dhcp_answer *want = &answers[i].want;
		uint8_t bytes[512];
		struct dhcp_answer a;
		size_t len =
			answer_make(bytes, answers[i].address, answers[i].options, answers[i].len);
		int err = dhcp_take(&a, bytes, len, &asked);

		if (err)
			fail_msg("row %zu: %d", i, err);
		assert_int_equal(a.type, want->type);
		assert_int_equal(a.address, inet_addr(answers[i].address));
		assert_int_equal(a.bits, want->bits);
		assert_int_equal(a.mtu, want->mtu);
		assert_int_equal(a.dns_count, want->dns_count);
		assert_int_equal(a.lasts, want->lasts);
		assert_int_equal(a.renew, want->renew);
		assert_int_equal(a.rebind, want->rebind);
		assert_string_equal(a.domain, want->domain);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *options;
		size_t len;
		const char *address;
	} rows[] = {
		{ ROW(ACK END), "10.0.2.15" },        /* no server */
		{ ROW(SERVER END), "10.0.2.15" },     /* no type: BOOTP */
		{ ROW(ACK SERVER END), "0.0.0.0" },   /* no address */
		{ ROW(ACK SERVER END), "127.0.0.1" }, /* ours */
		{ ROW(ACK SERVER END), "224.0.0.1" },
		{ ROW(END ACK SERVER), "10.0.2.15" },
		{ ROW(ACK SERVER "\x06"), "10.0.2.15" },
		{ ROW(ACK SERVER "\x06\x04\x01\x02\x03"), "10.0.2.15" },
		{ ROW("\x35\x01\x04" SERVER END), "10.0.2.15" },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		uint8_t bytes[512];
		struct dhcp_answer a;
		size_t len = answer_make(bytes, rows[i].address, rows[i].options, rows[i].len);
		int err = dhcp_take(&a, bytes, len, &asked);

		if (err != -EBADMSG)
			fail_msg("row %zu: %d", i, err);
	}
}

/* Another's answer, or half of one. */
static void test_others(void **state)
{
	static const size_t spoiled[] = { 0, 4, 7, 28, 33, 236, 239 };
	uint8_t bytes[512];
	struct dhcp_answer a;
	size_t len = answer_make(bytes, "10.0.2.15", ROW(ACK SERVER END));

	(void)state;
	assert_int_equal(dhcp_take(&a, bytes, len, &asked), 0);
	assert_int_equal(a.server, inet_addr("10.0.2.2"));
	assert_true(a.gateway == 0 && a.dns_count == 0);
	for (size_t i = 0; i < array_len(spoiled); i++) {
		bytes[spoiled[i]] ^= 0x40;
		assert_int_equal(dhcp_take(&a, bytes, len, &asked), -EBADMSG);
		bytes[spoiled[i]] ^= 0x40;
	}
	for (size_t i = 0; i < OPTIONS; i++)
		assert_int_equal(dhcp_take(&a, bytes, i, &asked), -EBADMSG);
}

/* Options go on in the fields for names (option 52). */
static void test_overload(void **state)
{
	uint8_t bytes[512];
	struct dhcp_answer a;
	size_t len = answer_make(bytes, "10.0.2.15", ROW(ACK "\x34\x01\x03" END));

	(void)state;
	memcpy(bytes + 108, SERVER END, sizeof(SERVER END) - 1);
	memcpy(bytes + 44, "\x01\x04\xff\xff\xff\xfe" END, 7);
	assert_int_equal(dhcp_take(&a, bytes, len, &asked), 0);
	assert_int_equal(a.server, inet_addr("10.0.2.2"));
	assert_int_equal(a.bits, 31);
}

static void test_find(void **state)
{
	static const uint8_t good[] = { 0x45, 0,  0, 30, 0,  0, 0x40, 0, 64, 17, 0,  0, 10, 0, 2,
					2,    10, 0, 2,  15, 0, 67,   0, 68, 0,  10, 0, 0,  1, 2 };
	static const struct {
		size_t at;
		uint8_t value;
	} spoiled[] = {
		{ 0, 0x65 }, { 0, 0x44 }, { 0, 0x4f }, { 3, 27 },  { 3, 31 }, { 6, 0x20 }, { 7, 1 },
		{ 9, 6 },    { 20, 1 },   { 21, 68 },  { 23, 67 }, { 25, 7 }, { 25, 11 },
	};
	uint8_t packet[sizeof(good)];
	size_t len = 0;

	(void)state;
	assert_ptr_equal(dhcp_find(good, sizeof(good), &len), good + 28);
	assert_int_equal(len, 2);
	for (size_t i = 0; i < sizeof(good); i++)
		assert_null(dhcp_find(good, i, &len));
	for (size_t i = 0; i < array_len(spoiled); i++) {
		memcpy(packet, good, sizeof(good));
		packet[spoiled[i].at] = spoiled[i].value;
		if (dhcp_find(packet, sizeof(packet), &len))
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put),      cmocka_unit_test(test_take),
		cmocka_unit_test(test_refused),  cmocka_unit_test(test_others),
		cmocka_unit_test(test_overload), cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
