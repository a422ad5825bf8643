/* fuzz_tls.c: the bytes of a handshake, and after it, from somebody who has no key:
 * whatever he says to either role, he is never let in. The first byte says to whom,
 * and how much of what a right one says comes before. */
#include <stdlib.h>
#include <string.h>

#include "interop/link/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct key keys[2]; /* the client's, the server's */

static void discard(struct tls *t)
{
	size_t len;

	while (tls_buffer(t, TLS_WIRE_OUT, &len))
		tls_passed(t, TLS_WIRE_OUT, len);
	while (tls_buffer(t, TLS_DATA_OUT, &len))
		tls_passed(t, TLS_DATA_OUT, len);
}

static size_t give(struct tls *t, const uint8_t *data, size_t size)
{
	size_t done = 0, room;
	uint8_t *at;

	while (done < size && (at = tls_buffer(t, TLS_WIRE_IN, &room)) != NULL) {
		room = room < size - done ? room : size - done;
		memcpy(at, data + done, room);
		tls_passed(t, TLS_WIRE_IN, room);
		done += room;
	}
	return done;
}

/* What `from` has to say goes to `to`. */
static void pass(struct tls *from, struct tls *to)
{
	size_t len;
	uint8_t *at;

	while ((at = tls_buffer(from, TLS_WIRE_OUT, &len)) != NULL) {
		give(to, at, len);
		tls_passed(from, TLS_WIRE_OUT, len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t random[2 * KEY_SEED] = { 1 }, seed[TLS_SEED] = { 2 };
	struct tls *t[2];
	unsigned who, flights;
	bool up;

	if (!size)
		return 0;
	if (!keys[0].until)
		key_make_pair(&keys[0], &keys[1], random, 1);
	for (int i = 0; i < 2; i++)
		t[i] = tls_create(i ? TLS_SERVER : TLS_CLIENT, &keys[i], seed);
	who = data[0] & 1;
	flights = data[0] >> 1 & 3; /* of the four of a handshake */
	for (unsigned i = 0; i < flights; i++)
		pass(t[i & 1], t[1 - (i & 1)]);
	discard(t[who]);
	up = tls_phase(t[who]) == TLS_UP; /* after three it may be */
	for (size_t done = 1; done < size;) {
		size_t n = give(t[who], data + done, size - done);

		discard(t[who]);
		done += n;
		if (!n)
			break;
	}
	if (!up && tls_phase(t[who]) == TLS_UP)
		abort();
	tls_destroy(t[0]);
	tls_destroy(t[1]);
	return 0;
}
