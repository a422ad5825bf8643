/* tls.h: mutual TLS 1.2 between two halves that know each other's public key: an
 * engine without descriptors. Bytes of the wire go in and out at one end, plain ones
 * at the other. It allocates at tls_create, and never again.
 *
 * Fixed, so that there is nothing to agree on, and nothing to talk down:
 *     TLS 1.2 (RFC 5246); no renegotiation, no session is resumed
 *     ECDHE_ECDSA with AES-128-GCM (RFC 5289) or ChaCha20-Poly1305 (RFC 7905)
 *     P-256 for both keys and the exchange, SHA-256
 * The client offers AES first where its processor has instructions for it. Of
 * BearSSL's P-256 this is p256_m31, by name: the "m64" and "m62" ones of later
 * versions had a carry wrong until 2020, and `make vectors` proves this one.
 *
 * Certificates: each side sends as its one "certificate" the SubjectPublicKeyInfo of
 * its key (RFC 7250's form, 91 bytes, of which all but the point are fixed), and
 * compares what comes with that of the key it knows, byte for byte and in constant
 * time. Nothing of X.509 is written or parsed: a name, a date or a signature in
 * it would say nothing that the file with the key does not. What the other proves in
 * the handshake is that it has the private key.
 */
#ifndef LANDBRIDGE_INTEROP_LINK_TLS_H
#define LANDBRIDGE_INTEROP_LINK_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interop/link/key.h"

struct tls;

enum tls_role { TLS_CLIENT, TLS_SERVER };

enum { TLS_SEED = 32 };

/* NULL: no memory. The key is a complete one (key_complete). Key and seed are copied. A key of the other's that is no point of
 * the curve fits nobody. */
struct tls *tls_create(enum tls_role role, const struct key *key, const uint8_t seed[TLS_SEED]);
/* Also for NULL. What it held is overwritten. */
void tls_destroy(struct tls *t);

enum tls_phase { TLS_GREETING, TLS_UP, TLS_ENDED };
enum tls_phase tls_phase(const struct tls *t);

/* Why it has ended. */
enum tls_end {
	TLS_CLOSED,  /* the other side said so */
	TLS_KEY,     /* the other has another key than the one known here */
	TLS_REFUSED, /* the other says that it goes no further (an alert) */
	TLS_FOREIGN, /* the other offers nothing of the above */
	TLS_BROKEN,  /* bytes that are not of TLS, or were changed on their way */
};
enum tls_end tls_end(const struct tls *t);

/* The four places where bytes go in and come out. */
enum tls_port {
	TLS_WIRE_IN,  /* room for what came from the other side */
	TLS_WIRE_OUT, /* what is to be sent to it */
	TLS_DATA_OUT, /* what came, plain */
	TLS_DATA_IN,  /* room for what is to be sent, plain */
};
/* How much is there to take, or how much room; NULL: none just now. */
uint8_t *tls_buffer(struct tls *t, enum tls_port port, size_t *len);
/* So much of it was taken or filled; at least one byte. */
void tls_passed(struct tls *t, enum tls_port port, size_t len);
/* What was put into TLS_DATA_IN comes out at TLS_WIRE_OUT now. */
void tls_flush(struct tls *t);

#endif
