/* forward.c: a port of this host that leads to the guest, as people write it. */
#include "interop/host/forward.h"

#include <errno.h>
#include <string.h>

#include "lib/fmt.h"

enum { PARTS = 4 };

struct forward_part {
	const char *at;
	size_t len;
};

/* The parts between colons, of which an address in brackets has its own. How many;
 * more than PARTS: too many. */
static size_t split(struct forward_part parts[PARTS], const char *text)
{
	size_t n = 0;

	for (;;) {
		size_t len = *text == '[' ? strcspn(text, "]") : 0;

		len += strcspn(text + len, ":");
		if (n < PARTS)
			parts[n] = (struct forward_part){ text, len };
		n++;
		if (n > PARTS || !text[len])
			return n;
		text += len + 1;
	}
}

static int is_tcp(const char *text, struct address *a)
{
	int error = address_parse(a, text);

	return error || a->kind != ADDRESS_TCP ? -EINVAL : 0;
}

int forward_parse(struct forward *f, const char *text)
{
	static const struct forward_part own = { "127.0.0.1", 9 }, guest = { "localhost", 9 };
	struct forward_part at[PARTS], here = own, from, host = guest, to;
	size_t n = split(at, text);
	char name[sizeof(f->there)];
	struct address there;

	if (n != 1 && n != 3 && n != 4)
		return -EINVAL;
	if (n == 4)
		here = at[0];
	if (n != 1)
		host = at[n - 2];
	from = n == 4 ? at[1] : at[0];
	to = at[n - 1];
	if (fmt(name, sizeof(name), "tcp:%.*s:%.*s", (int)here.len, here.at, (int)from.len,
		from.at) >= sizeof(name) ||
	    fmt(f->there, sizeof(f->there), "tcp:%.*s:%.*s", (int)host.len, host.at, (int)to.len,
		to.at) >= sizeof(f->there))
		return -EINVAL;
	return is_tcp(name, &f->here) || is_tcp(f->there, &there) ? -EINVAL : 0;
}
