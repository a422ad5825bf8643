/* test_address.c: the grammar of addresses. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "interop/link/link.h"
#include "lib/lib.h"

struct row {
	const char *text;
	int error;
	struct address is;
};

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

static const struct row rows[] = {
	{ "serial:landbridge.0", 0, { ADDRESS_SERIAL, "landbridge.0", 0, 0 } },
	{ "serial:", -EINVAL, { 0 } },
	{ "serial", -EINVAL, { 0 } },
	{ "serial:../etc", -EINVAL, { 0 } },
	{ "serial:a,b", -EINVAL, { 0 } },
	{ "serial:a b", -EINVAL, { 0 } },
	{ "serial:" FIFTY TEN "0123", 0, { ADDRESS_SERIAL, FIFTY TEN "0123", 0, 0 } },
	{ "serial:" FIFTY TEN "01234", -ENAMETOOLONG, { 0 } },
	{ "unix:/run/link", 0, { ADDRESS_UNIX, "/run/link", 0, 0 } },
	{ "unix:a:b c", 0, { ADDRESS_UNIX, "a:b c", 0, 0 } },
	{ "unix:", -EINVAL, { 0 } },
	{ "unix:/a\nb", -EINVAL, { 0 } },
	{ "unix:/a\x7f", -EINVAL, { 0 } },
	{ "unix:" FIFTY FIFTY "0123456", 0, { ADDRESS_UNIX, FIFTY FIFTY "0123456", 0, 0 } },
	{ "unix:" FIFTY FIFTY "01234567", -ENAMETOOLONG, { 0 } },
	{ "tcp:host.lan:5000", 0, { ADDRESS_TCP, "host.lan", 0, 5000 } },
	{ "tcp:10.0.2.2:1", 0, { ADDRESS_TCP, "10.0.2.2", 0, 1 } },
	{ "tcp:[::1]:65535", 0, { ADDRESS_TCP, "::1", 0, 65535 } },
	{ "tcp:[fe80::1%eth0]:9", 0, { ADDRESS_TCP, "fe80::1%eth0", 0, 9 } },
	{ "tcp:::1:9", -EINVAL, { 0 } },
	{ "tcp:[::1]", -EINVAL, { 0 } },
	{ "tcp:[::1:9", -EINVAL, { 0 } },
	{ "tcp:[host]:9", -EINVAL, { 0 } },
	{ "tcp:[]:9", -EINVAL, { 0 } },
	{ "tcp:host", -EINVAL, { 0 } },
	{ "tcp:host:", -EINVAL, { 0 } },
	{ "tcp::9", -EINVAL, { 0 } },
	{ "tcp:host:0", -EINVAL, { 0 } },
	{ "tcp:host:65536", -EINVAL, { 0 } },
	{ "tcp:host:09", -EINVAL, { 0 } },
	{ "tcp:host:+9", -EINVAL, { 0 } },
	{ "tcp:host:9 ", -EINVAL, { 0 } },
	{ "tcp:ho/st:9", -EINVAL, { 0 } },
	{ "vsock:2:50000", 0, { ADDRESS_VSOCK, "", 2, 50000 } },
	{ "vsock:4294967294:4294967294", 0, { ADDRESS_VSOCK, "", 4294967294, 4294967294 } },
	{ "vsock:4294967295:1", -EINVAL, { 0 } },
	{ "vsock:2:4294967295", -EINVAL, { 0 } },
	{ "vsock:2:99999999999", -EINVAL, { 0 } },
	{ "vsock:99999999999:2", -ENAMETOOLONG, { 0 } },
	{ "vsock:2", -EINVAL, { 0 } },
	{ "vsock::2", -EINVAL, { 0 } },
	{ "vsock:host:2", -EINVAL, { 0 } },
	{ "", -EINVAL, { 0 } },
	{ "auto", -EINVAL, { 0 } },
	{ "Unix:/x", -EINVAL, { 0 } },
	{ "/run/link", -EINVAL, { 0 } },
};

static void addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct address a;

		if (address_parse(&a, rows[i].text) != rows[i].error)
			fail_msg("%s", rows[i].text);
		if (rows[i].error)
			continue;
		assert_int_equal(a.kind, rows[i].is.kind);
		assert_string_equal(a.name, rows[i].is.name);
		assert_int_equal(a.cid, rows[i].is.cid);
		assert_int_equal(a.port, rows[i].is.port);
	}
}

static void what_each_half_dials(void **state)
{
	static const struct {
		const char *text;
		bool guest, host;
	} ways[] = {
		{ "serial:landbridge.0", true, false },
		{ "unix:/run/link", true, true },
		{ "tcp:host:5000", true, true },
		{ "vsock:2:5000", true, true },
	};

	(void)state;
	for (size_t i = 0; i < array_len(ways); i++) {
		struct dialer *d;
		struct address a;

		assert_int_equal(address_parse(&a, ways[i].text), 0);
		assert_int_equal(dialer_exists(ROUTER_GUEST, &a), ways[i].guest);
		assert_int_equal(dialer_exists(ROUTER_HOST, &a), ways[i].host);
		if (!ways[i].host)
			assert_int_equal(dialer_of_host(&d, NULL, &a, NULL), -EPROTONOSUPPORT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(what_each_half_dials),
	};

	return cmocka_run_group_tests_name("link address", tests, NULL, NULL);
}
