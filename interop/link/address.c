/* address.c: where a link leads to, as people write it. */
#include "interop/link/address.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/text.h"

#define HOST ".-_"
#define IP6 ":.%-_" /* with a zone, fe80::1%eth0 */

/* A decimal number of 1 to max, without sign or leading zeros. */
static int read_number(const char *text, uint32_t max, uint32_t *out)
{
	size_t len = strlen(text);
	uint64_t value = 0;

	if (len == 0 || len > 10 || strspn(text, "0123456789") != len || text[0] == '0')
		return -EINVAL;
	while (*text)
		value = value * 10 + (uint64_t)(*text++ - '0');
	if (value > max)
		return -EINVAL;
	*out = (uint32_t)value;
	return 0;
}

static int keep_name(struct address *a, const char *text, size_t len, size_t max)
{
	if (len == 0)
		return -EINVAL;
	if (len > max)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return -EINVAL;
	memcpy(a->name, text, len);
	a->name[len] = 0;
	return 0;
}

static int read_serial(struct address *a, const char *rest)
{
	size_t len = ascii_span(rest, HOST);

	return rest[len] ? -EINVAL : keep_name(a, rest, len, ADDRESS_SERIAL_MAX);
}

static int read_unix(struct address *a, const char *rest)
{
	return keep_name(a, rest, strlen(rest), ADDRESS_UNIX_MAX);
}

static int read_tcp(struct address *a, const char *rest)
{
	bool bracket = rest[0] == '[';
	const char *host = rest + bracket;
	size_t len = ascii_span(host, bracket ? IP6 : HOST);
	const char *after = host + len;
	int error = keep_name(a, host, len, ADDRESS_HOST_MAX);

	if (error)
		return error;
	if (bracket && (*after++ != ']' || !strchr(a->name, ':')))
		return -EINVAL;
	if (*after++ != ':')
		return -EINVAL;
	return read_number(after, UINT16_MAX, &a->port);
}

/* The highest number of each means "any", which nobody can dial. */
static int read_vsock(struct address *a, const char *rest)
{
	size_t len = strcspn(rest, ":");
	int error = keep_name(a, rest, len, 10);

	if (!error && rest[len] != ':')
		error = -EINVAL;
	if (!error)
		error = read_number(a->name, UINT32_MAX - 1, &a->cid);
	if (!error)
		error = read_number(rest + len + 1, UINT32_MAX - 1, &a->port);
	a->name[0] = 0;
	return error;
}

int address_parse(struct address *a, const char *text)
{
	static const struct {
		const char *prefix;
		int (*read)(struct address *a, const char *rest);
	} kinds[] = {
		[ADDRESS_SERIAL] = { "serial:", read_serial },
		[ADDRESS_UNIX] = { "unix:", read_unix },
		[ADDRESS_TCP] = { "tcp:", read_tcp },
		[ADDRESS_VSOCK] = { "vsock:", read_vsock },
	};

	for (size_t i = 0; i < array_len(kinds); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(text, kinds[i].prefix, len) != 0)
			continue;
		*a = (struct address){ .kind = (enum address_kind)i };
		return kinds[i].read(a, text + len);
	}
	return -EINVAL;
}
