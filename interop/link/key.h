/* key.h: what one half of a link over tcp or vsock has to know: its own private key
 * and the other half's public one, both of the curve P-256.
 *
 * As a file, in this order or another, each line once:
 *
 *     # comment
 *     own = 64 hexadecimal digits      the private key
 *     peer = 130 hexadecimal digits    the other's public key, an uncompressed point
 *     until = 1798761600               seconds since 1970, after which it is void; or
 *                                      no such line
 *
 * Whoever reads the file can be that half: it is its owner's alone.
 */
#ifndef LANDBRIDGE_INTEROP_LINK_KEY_H
#define LANDBRIDGE_INTEROP_LINK_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KEY_OWN = 32,
	KEY_PEER = 65,
	KEY_TEXT_MAX = 1024, /* a file is shorter than that */
};

struct key {
	uint8_t own[KEY_OWN];
	uint8_t peer[KEY_PEER];
	int64_t until;           /* 0: for ever */
	uint8_t shown[KEY_PEER]; /* the public half of `own`: key_complete makes it */
};

/* Pure. 0, or -EINVAL: not of that form, or a private key that none can be. A public
 * one that is no point of the curve fits nobody. */
int key_parse(struct key *key, const char *text, size_t len);

/* Pure. The text's length, without a NUL; 0: it does not fit. */
size_t key_format(const struct key *key, char *text, size_t size);

/* Whether it is void at that time, in seconds since 1970. */
bool key_expired(const struct key *key, int64_t now);

/* Overwrites it. */
void key_forget(struct key *key);

/* Reads a file (key_load.c). 0; -EPERM: others may read it, or it is not ours or
 * root's; -EINVAL; what opening it said. */
int key_load(struct key *key, const char *path);

/* What its error means, for the end of a message. */
const char *key_why(int error);

/* Finds out the public half, which takes a good part of a millisecond (tls.c). */
void key_complete(struct key *key);

/* What both halves of a pair make of their keys, and nobody else can: the guest says it
 * where the host knows who is there, but not who of the guest (vsock). The curve's shared
 * secret under SHA-256, after 8 bytes that say what it is (tls.c). False: the other's is
 * no point of the curve. */
enum { KEY_PROOF = 40 };
bool key_proof(const struct key *key, uint8_t proof[KEY_PROOF]);

/* Two keys that fit each other, from 2 * KEY_SEED random bytes (tls.c). `until` is
 * in both. */
enum { KEY_SEED = 32 };
void key_make_pair(struct key *one, struct key *other, const uint8_t random[2 * KEY_SEED],
		   int64_t until);

#endif
