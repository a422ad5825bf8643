/* key.c: the key file of one half of a link over tcp. */
#include "interop/link/key.h"

#include <errno.h>
#include <string.h>

#include "lib/fmt.h"
#include "lib/macros.h"

/* The order of the curve's group: a private key is smaller, and not 0. */
static const uint8_t order[KEY_OWN] = {
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
	0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};

enum { UNCOMPRESSED = 4 };

struct line {
	const char *at;
	size_t len;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct line trim(struct line l)
{
	while (l.len && blank(l.at[0])) {
		l.at++;
		l.len--;
	}
	while (l.len && blank(l.at[l.len - 1]))
		l.len--;
	return l;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int read_hex(struct line l, uint8_t *out, size_t len)
{
	if (l.len != 2 * len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		int high = digit(l.at[2 * i]), low = digit(l.at[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int read_time(struct line l, int64_t *out)
{
	int64_t value = 0;

	if (!l.len || l.len > 12 || l.at[0] == '0')
		return -EINVAL;
	for (size_t i = 0; i < l.len; i++) {
		if (l.at[i] < '0' || l.at[i] > '9')
			return -EINVAL;
		value = value * 10 + (l.at[i] - '0');
	}
	*out = value;
	return 0;
}

static bool named(struct line name, const char *text)
{
	return name.len == strlen(text) && memcmp(name.at, text, name.len) == 0;
}

/* One `name = value`; a bit of *seen for each that was there. */
static int read_entry(struct key *key, struct line name, struct line value, unsigned *seen)
{
	static const char names[][6] = { "own", "peer", "until" };
	size_t i = 0;

	while (i < array_len(names) && !named(name, names[i]))
		i++;
	if (i == array_len(names) || (*seen & 1U << i))
		return -EINVAL;
	*seen |= 1U << i;
	if (i == 0)
		return read_hex(value, key->own, KEY_OWN);
	return i == 1 ? read_hex(value, key->peer, KEY_PEER) : read_time(value, &key->until);
}

static int read_line(struct key *key, struct line l, unsigned *seen)
{
	const char *equals;
	size_t name;

	l = trim(l);
	if (!l.len || l.at[0] == '#')
		return 0;
	equals = memchr(l.at, '=', l.len);
	if (!equals)
		return -EINVAL;
	name = (size_t)(equals - l.at);
	return read_entry(key, trim((struct line){ l.at, name }),
			  trim((struct line){ equals + 1, l.len - name - 1 }), seen);
}

static bool is_private(const uint8_t own[KEY_OWN])
{
	static const uint8_t zero[KEY_OWN];

	return memcmp(own, order, KEY_OWN) < 0 && memcmp(own, zero, KEY_OWN) != 0;
}

int key_parse(struct key *key, const char *text, size_t len)
{
	unsigned seen = 0;
	int error = len < KEY_TEXT_MAX ? 0 : -EINVAL;

	*key = (struct key){ .until = 0 };
	while (len && !error) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		error = read_line(key, (struct line){ text, n }, &seen);
		n += end != NULL;
		text += n;
		len -= n;
	}
	if (!error && ((seen & 3) != 3 || key->peer[0] != UNCOMPRESSED || !is_private(key->own)))
		error = -EINVAL;
	if (error)
		key_forget(key);
	return error;
}

static size_t put_hex(char *out, size_t size, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len && 2 * i < size; i++)
		fmt(out + 2 * i, size - 2 * i, "%02x", bytes[i]);
	return 2 * len;
}

size_t key_format(const struct key *key, char *text, size_t size)
{
	char own[2 * KEY_OWN + 1], peer[2 * KEY_PEER + 1], until[32] = "";
	size_t len;

	put_hex(own, sizeof(own), key->own, KEY_OWN);
	put_hex(peer, sizeof(peer), key->peer, KEY_PEER);
	if (key->until)
		fmt(until, sizeof(until), "until = %lld\n", (long long)key->until);
	len = fmt(text, size,
		  "# One half's key of a link of Landbridge. Whoever reads it can be that half.\n"
		  "own = %s\npeer = %s\n%s",
		  own, peer, until);
	memset(own, 0, sizeof(own));
	return len < size ? len : 0;
}

bool key_expired(const struct key *key, int64_t now)
{
	return key->until && now >= key->until;
}

void key_forget(struct key *key)
{
	volatile uint8_t *at = (volatile uint8_t *)key;

	for (size_t i = 0; i < sizeof(*key); i++)
		at[i] = 0;
}
