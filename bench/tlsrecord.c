/* tlsrecord.c: BearSSL alone, both sides in one process: prints the milliseconds of a
 * handshake and the megabytes a second that are sealed and opened. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "interop/link/tls.h"

enum { HANDSHAKES = 50 };
static const size_t bytes = 256U << 20;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pass(struct tls *from, struct tls *to)
{
	size_t len, room;
	uint8_t *at, *in;

	while ((at = tls_buffer(from, TLS_WIRE_OUT, &len)) != NULL &&
	       (in = tls_buffer(to, TLS_WIRE_IN, &room)) != NULL) {
		len = len < room ? len : room;
		memcpy(in, at, len);
		tls_passed(to, TLS_WIRE_IN, len);
		tls_passed(from, TLS_WIRE_OUT, len);
		while (tls_buffer(to, TLS_DATA_OUT, &len))
			tls_passed(to, TLS_DATA_OUT, len);
	}
}

static double handshakes(struct tls *side[2], const struct key keys[2])
{
	static const uint8_t seed[TLS_SEED] = { 2 };
	double start = now();

	for (int i = 0; i < HANDSHAKES; i++) {
		for (int j = 0; j < 2; j++) {
			tls_destroy(side[j]);
			side[j] = tls_create(j ? TLS_SERVER : TLS_CLIENT, &keys[j], seed);
		}
		for (int j = 0; j < 6; j++)
			pass(side[j & 1], side[1 - (j & 1)]);
	}
	return (now() - start) * 1000 / HANDSHAKES;
}

static double records(struct tls *side[2])
{
	double start = now();
	size_t len, done;
	uint8_t *at;

	for (done = 0; done < bytes; done += len) {
		at = tls_buffer(side[0], TLS_DATA_IN, &len);
		if (!at)
			return 0;
		memset(at, 1, len);
		tls_passed(side[0], TLS_DATA_IN, len);
		tls_flush(side[0]);
		pass(side[0], side[1]);
	}
	return (double)done / 1e6 / (now() - start);
}

int main(void)
{
	static const uint8_t random[2 * KEY_SEED] = { 1 };
	struct tls *side[2] = { NULL, NULL };
	struct key keys[2];
	double ms, rate;

	key_make_pair(&keys[0], &keys[1], random, 0);
	ms = handshakes(side, keys);
	rate = records(side);
	tls_destroy(side[0]);
	tls_destroy(side[1]);
	printf("%.2f %.0f\n", ms, rate);
	return rate > 0 ? 0 : 1;
}
