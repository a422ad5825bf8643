/* tls.c: BearSSL's engine, with all choices made. */
#include "interop/link/tls.h"

#include <bearssl.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX = 26, SPKI = PREFIX + KEY_PEER };

/* SubjectPublicKeyInfo of a key of P-256 as far as it is always the same: SEQUENCE {
 * SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING { no unused bits, the point. */
static const uint8_t prefix[PREFIX] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
	0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
};

/* What stands for a validator of X.509: it knows one certificate. */
struct pin {
	const br_x509_class *vtable; /* first */
	br_x509_pkey key;
	uint8_t known[SPKI];
	size_t at;      /* bytes of the certificate so far */
	unsigned count; /* of certificates */
	uint8_t unlike; /* not 0: some byte was another */
};

struct tls {
	union {
		br_ssl_engine_context engine; /* both begin with it */
		br_ssl_client_context client;
		br_ssl_server_context server;
	} at;
	struct pin pin;
	br_ec_private_key own;
	br_x509_certificate chain;
	uint8_t secret[KEY_OWN];
	uint8_t spki[SPKI]; /* of our own key */
	bool up;
	uint8_t buffer[BR_SSL_BUFSIZE_BIDI];
};

static const br_ec_impl *const curve = &br_ec_p256_m31;

/* --- the certificate that is none ----------------------------------------------- */

static struct pin *pin_of(const br_x509_class **ctx)
{
	return (struct pin *)(void *)ctx;
}

static void pin_start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct pin *pin = pin_of(ctx);

	(void)server_name;
	pin->at = 0;
	pin->count = 0;
	pin->unlike = 0;
}

static void pin_start_cert(const br_x509_class **ctx, uint32_t length)
{
	(void)length;
	pin_of(ctx)->count++;
}

static void pin_append(const br_x509_class **ctx, const unsigned char *bytes, size_t len)
{
	struct pin *pin = pin_of(ctx);

	for (size_t i = 0; i < len && pin->at + i < SPKI; i++)
		pin->unlike |= bytes[i] ^ pin->known[pin->at + i];
	pin->at += len;
}

static void pin_end_cert(const br_x509_class **ctx)
{
	(void)ctx;
}

static unsigned pin_end_chain(const br_x509_class **ctx)
{
	const struct pin *pin = pin_of(ctx);

	return pin->count == 1 && pin->at == SPKI && !pin->unlike ? 0 : BR_ERR_X509_NOT_TRUSTED;
}

static const br_x509_pkey *pin_get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	if (usages)
		*usages = BR_KEYTYPE_SIGN;
	return &((const struct pin *)(const void *)ctx)->key;
}

static const br_x509_class pin_class = {
	sizeof(struct pin), pin_start_chain, pin_start_cert, pin_append,
	pin_end_cert,       pin_end_chain,   pin_get_pkey,
};

/* --- the keys --------------------------------------------------------------------- */

static void spki_of(uint8_t spki[SPKI], const uint8_t point[KEY_PEER])
{
	memcpy(spki, prefix, PREFIX);
	memcpy(spki + PREFIX, point, KEY_PEER);
}

static void keys_set(struct tls *t, const struct key *key)
{
	memcpy(t->secret, key->own, KEY_OWN);
	t->own = (br_ec_private_key){ BR_EC_secp256r1, t->secret, KEY_OWN };
	spki_of(t->spki, key->shown);
	t->chain = (br_x509_certificate){ t->spki, SPKI };

	spki_of(t->pin.known, key->peer);
	t->pin.vtable = &pin_class;
	t->pin.key.key_type = BR_KEYTYPE_EC;
	t->pin.key.key.ec = (br_ec_public_key){ BR_EC_secp256r1, t->pin.known + PREFIX, KEY_PEER };
}

void key_complete(struct key *key)
{
	uint8_t point[BR_EC_KBUF_PUB_MAX_SIZE];
	const br_ec_private_key own = { BR_EC_secp256r1, key->own, KEY_OWN };

	br_ec_compute_pub(curve, NULL, point, &own);
	memcpy(key->shown, point, KEY_PEER);
}

bool key_proof(const struct key *key, uint8_t proof[KEY_PROOF])
{
	static const char label[] = "landbridge vsock";
	uint8_t point[KEY_PEER], digest[br_sha256_SIZE];
	br_sha256_context hash;
	uint32_t fits;

	memcpy(point, key->peer, KEY_PEER);
	fits = curve->mul(point, KEY_PEER, key->own, KEY_OWN, BR_EC_secp256r1);
	br_sha256_init(&hash);
	br_sha256_update(&hash, label, sizeof(label));
	br_sha256_update(&hash, point + 1, KEY_OWN); /* x */
	br_sha256_out(&hash, digest);
	memcpy(proof, "LANDBKEY", KEY_PROOF - sizeof(digest));
	memcpy(proof + KEY_PROOF - sizeof(digest), digest, sizeof(digest));
	return fits;
}

void key_make_pair(struct key *one, struct key *other, const uint8_t random[2 * KEY_SEED],
		   int64_t until)
{
	struct key *both[] = { one, other };
	br_hmac_drbg_context rng;
	br_ec_private_key made;

	br_hmac_drbg_init(&rng, &br_sha256_vtable, random, 2 * KEY_SEED);
	for (int i = 0; i < 2; i++) {
		br_ec_keygen(&rng.vtable, curve, &made, both[i]->own, BR_EC_secp256r1);
		key_complete(both[i]);
		memcpy(both[1 - i]->peer, both[i]->shown, KEY_PEER);
		both[i]->until = until;
	}
}

/* --- the engine --------------------------------------------------------------------- */

static void set_aes(br_ssl_engine_context *e)
{
	const br_block_ctr_class *aes = br_aes_x86ni_ctr_get_vtable();
	br_ghash ghash = br_ghash_pclmul_get();

	br_ssl_engine_set_gcm(e, &br_sslrec_in_gcm_vtable, &br_sslrec_out_gcm_vtable);
	br_ssl_engine_set_aes_ctr(e, aes ? aes : &br_aes_ct64_ctr_vtable);
	br_ssl_engine_set_ghash(e, ghash ? ghash : br_ghash_ctmul64);
}

static void set_chacha20(br_ssl_engine_context *e)
{
	br_chacha20_run chacha20 = br_chacha20_sse2_get();
	br_poly1305_run poly1305 = br_poly1305_ctmulq_get();

	br_ssl_engine_set_chapol(e, &br_sslrec_in_chapol_vtable, &br_sslrec_out_chapol_vtable);
	br_ssl_engine_set_chacha20(e, chacha20 ? chacha20 : br_chacha20_ct_run);
	br_ssl_engine_set_poly1305(e, poly1305 ? poly1305 : br_poly1305_ctmul_run);
}

static void engine_set(struct tls *t, const uint8_t seed[TLS_SEED])
{
	static const uint16_t suites[][2] = {
		{ BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		  BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 },
		{ BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		  BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 }
	};
	br_ssl_engine_context *e = &t->at.engine;
	bool fast = br_aes_x86ni_ctr_get_vtable() && br_ghash_pclmul_get();

	br_ssl_engine_set_versions(e, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_suites(e, suites[fast], 2);
	br_ssl_engine_add_flags(e, BR_OPT_NO_RENEGOTIATION);
	br_ssl_engine_set_ec(e, curve);
	br_ssl_engine_set_ecdsa(e, br_ecdsa_i31_vrfy_asn1);
	br_ssl_engine_set_hash(e, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_prf_sha256(e, br_tls12_sha256_prf);
	br_ssl_engine_set_x509(e, &t->pin.vtable);
	set_aes(e);
	set_chacha20(e);
	br_ssl_engine_set_buffer(e, t->buffer, sizeof(t->buffer), 1);
	br_ssl_engine_inject_entropy(e, seed, TLS_SEED);
}

static void client_set(struct tls *t, const uint8_t seed[TLS_SEED])
{
	br_ssl_client_zero(&t->at.client);
	engine_set(t, seed);
	br_ssl_client_set_single_ec(&t->at.client, &t->chain, 1, &t->own, BR_KEYTYPE_SIGN,
				    BR_KEYTYPE_EC, curve, br_ecdsa_i31_sign_asn1);
	br_ssl_client_reset(&t->at.client, NULL, 0);
}

/* It asks the client for a certificate only where it can name an authority. */
static void server_set(struct tls *t, const uint8_t seed[TLS_SEED])
{
	static const uint8_t empty[] = { 0x30, 0x00 }; /* a name of no parts */
	static const br_x500_name nobody = { (unsigned char *)(uintptr_t)empty, sizeof(empty) };

	br_ssl_server_zero(&t->at.server);
	engine_set(t, seed);
	br_ssl_server_set_single_ec(&t->at.server, &t->chain, 1, &t->own, BR_KEYTYPE_SIGN,
				    BR_KEYTYPE_EC, curve, br_ecdsa_i31_sign_asn1);
	br_ssl_server_set_trust_anchor_names(&t->at.server, &nobody, 1);
	br_ssl_server_reset(&t->at.server);
}

struct tls *tls_create(enum tls_role role, const struct key *key, const uint8_t seed[TLS_SEED])
{
	struct tls *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	keys_set(t, key);
	if (role == TLS_CLIENT)
		client_set(t, seed);
	else
		server_set(t, seed);
	return t;
}

void tls_destroy(struct tls *t)
{
	volatile uint8_t *at = (volatile uint8_t *)t;

	if (!t)
		return;
	for (size_t i = 0; i < sizeof(*t); i++)
		at[i] = 0;
	free(t);
}

enum tls_phase tls_phase(const struct tls *t)
{
	size_t len;

	if (br_ssl_engine_current_state(&t->at.engine) == BR_SSL_CLOSED)
		return TLS_ENDED;
	return t->up || br_ssl_engine_sendapp_buf(&t->at.engine, &len) ? TLS_UP : TLS_GREETING;
}

enum tls_end tls_end(const struct tls *t)
{
	int error = br_ssl_engine_last_error(&t->at.engine);

	if (error >= BR_ERR_SEND_FATAL_ALERT)
		return TLS_FOREIGN;
	if (error >= BR_ERR_RECV_FATAL_ALERT)
		return TLS_REFUSED;
	switch (error) {
	case BR_ERR_OK:
		return TLS_CLOSED;
	case BR_ERR_X509_NOT_TRUSTED:
	case BR_ERR_BAD_SIGNATURE:
	case BR_ERR_NO_CLIENT_AUTH:
	case BR_ERR_WRONG_KEY_USAGE:
		return TLS_KEY;
	case BR_ERR_UNSUPPORTED_VERSION:
	case BR_ERR_BAD_VERSION:
	case BR_ERR_BAD_CIPHER_SUITE:
		return TLS_FOREIGN;
	default:
		return TLS_BROKEN;
	}
}

/* --- bytes --------------------------------------------------------------------------- */

uint8_t *tls_buffer(struct tls *t, enum tls_port port, size_t *len)
{
	const br_ssl_engine_context *e = &t->at.engine;

	switch (port) {
	case TLS_WIRE_IN:
		return br_ssl_engine_recvrec_buf(e, len);
	case TLS_WIRE_OUT:
		return br_ssl_engine_sendrec_buf(e, len);
	case TLS_DATA_OUT:
		return br_ssl_engine_recvapp_buf(e, len);
	default:
		return br_ssl_engine_sendapp_buf(e, len);
	}
}

void tls_passed(struct tls *t, enum tls_port port, size_t len)
{
	br_ssl_engine_context *e = &t->at.engine;

	switch (port) {
	case TLS_WIRE_IN:
		br_ssl_engine_recvrec_ack(e, len);
		break;
	case TLS_WIRE_OUT:
		br_ssl_engine_sendrec_ack(e, len);
		break;
	case TLS_DATA_OUT:
		br_ssl_engine_recvapp_ack(e, len);
		break;
	default:
		br_ssl_engine_sendapp_ack(e, len);
	}
	t->up = t->up || tls_phase(t) == TLS_UP;
}

void tls_flush(struct tls *t)
{
	br_ssl_engine_flush(&t->at.engine, 0);
}
