/* Published vectors against each BearSSL that is built, for /init, for a Linux host and for
 * a Windows one: what TLS with pinned keys stands on. Sources: RFC 6979 A.2.5 (ECDSA), RFC 5903 8.1
 * (ECDH), RFC 8439 2.8.2 (ChaCha20-Poly1305), and the specification of GCM,
 * test cases 4 and 16. The edges of P-256, where a carry that is lost shows, were
 * computed with whole numbers of Python; the multiples 1, 2 and 3 of the base point
 * among them are those that NIST published. */
#include <bearssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int checks, failures;

static void check(bool good, const char *what, const char *which)
{
	checks++;
	if (good)
		return;
	failures++;
	printf("bearssl: %s: %s does not give the published result\n", what, which);
}

static size_t from_hex(uint8_t *out, const char *hex)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		long high = strchr(digits, hex[2 * i] | 0x20) - digits;
		long low = strchr(digits, hex[2 * i + 1] | 0x20) - digits;

		out[i] = (uint8_t)(high << 4 | low);
	}
	return n;
}

/* --- P-256, every implementation of it --- */

struct curve {
	const char *name;
	const br_ec_impl *ec;
};

static const char private_key[] =
	"c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
static const char public_key[] =
	"0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
	"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

static const struct signature {
	const char *message, *raw;
} signatures[] = {
	{ "sample", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
		    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8" },
	{ "test", "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
		  "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083" },
};

static void test_signature(const struct curve *c, const struct signature *s)
{
	uint8_t x[32], q[65], want[64], got[64], hash[32];
	br_ec_private_key sk = { BR_EC_secp256r1, x, from_hex(x, private_key) };
	br_ec_public_key pk = { BR_EC_secp256r1, q, from_hex(q, public_key) };
	br_sha256_context sha;

	from_hex(want, s->raw);
	br_sha256_init(&sha);
	br_sha256_update(&sha, s->message, strlen(s->message));
	br_sha256_out(&sha, hash);

	size_t len = br_ecdsa_i31_sign_raw(c->ec, &br_sha256_vtable, hash, &sk, got);

	check(len == 64 && !memcmp(got, want, 64), "ECDSA signature", c->name);
	check(br_ecdsa_i31_vrfy_raw(c->ec, hash, 32, &pk, want, 64) == 1, "ECDSA check", c->name);
	want[63] ^= 1;
	check(br_ecdsa_i31_vrfy_raw(c->ec, hash, 32, &pk, want, 64) == 0, "ECDSA refusal", c->name);
}

static void test_agreement(const struct curve *c)
{
	uint8_t mine[32], theirs[65], shared[32];
	size_t len =
		from_hex(mine, "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433");

	from_hex(theirs, "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
			 "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab");
	from_hex(shared, "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
	check(c->ec->mul(theirs, 65, mine, len, BR_EC_secp256r1) == 1 &&
		      !memcmp(theirs + 1, shared, 32),
	      "ECDH", c->name);
}

/* Small and great multiples, and points whose x is at a border of the field or of a
 * word: point, factor, product. */
static const struct edge {
	const char *point, *factor, *product;
} edges[] = {
	{ "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	  "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
	  "0000000000000000000000000000000000000000000000000000000000000001",
	  "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5" },
	{ "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	  "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
	  "0000000000000000000000000000000000000000000000000000000000000002",
	  "7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc4766997807775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1" },
	{ "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	  "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
	  "0000000000000000000000000000000000000000000000000000000000000003",
	  "5ecbe4d1a6330a44c8f7ef951d4bf165e6c6b721efada985fb41661bc6e7fd6c8734640c4998ff7e374b06ce1a64a2ecd82ab036384fb83d9a79b127a27d5032" },
	{ "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	  "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
	  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
	  "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a" },
	{ "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	  "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
	  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f",
	  "7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978f888aaee24712fc0d6c26539608bcf244582521ac3167dd661fb4862dd878c2e" },
	{ "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	  "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
	  "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8",
	  "2afa386b3f2bdcdb83f4d83f8fa3874d7b74dcb454bd644fdd6bf3d1f2da8db672184be1caa8563462b536f10852d665ae8a64fdf1eb8d4c946ad589796f729c" },
	{ "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	  "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
	  "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
	  "7f4668d1713b7298036815413c17ba5286688c39c2c192b5f22d96ac8b7fc1fd992da4acba9151a8be652037814156c43bc2d96bce8edb59ad77cf94c32779b5" },
	{ "040000000000000000000000000000000000000000000000000000000000000000"
	  "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4",
	  "0000000000000000000000000000000000000000000000000000000000000002",
	  "c2242be359879ecf8a92b8d979c6dc96d9005a00236ba20e7eb2465fe76829b4432084085d73e7bf624825880c5908a44908597642fde9e440b3b836a1b905a6" },
	{ "040000000000000000000000000000000000000000000000000000000000000000"
	  "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4",
	  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
	  "000000000000000000000000000000000000000000000000000000000000000099b7a386f1d07c29dbcc42a27b5f9449abe3d50de25178e8d7407a95e8b06c0b" },
	{ "04ffffffff00000001000000000000000000000000fffffffffffffffffffffffc"
	  "19719bebf6aea13f25c96dfd7c71f5225d4c8fc09eb5a0ab9f39e9178e55c121",
	  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254e",
	  "96da589d7c29003eb96363f7572aa66ec354d3c52dd04991b049edfe1ea1044c9aea2be4a2db7d1e9e68957c0ad28d6a6235fd829aab14e223fbd152bd892b74" },
	{ "047ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd"
	  "a5683129fbce27db9c9ca91ea9ca8e4922fa871e3c9fc688f305948a5ffb5707",
	  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254e",
	  "0aefc279d1cd7bc6fc25fbda1b9288a19638d2eba79603257619740583b42ee7616c4fda1805d3cf6c7eba9bb967ddf67ff5b6c6897bd551ee711dd4f562f530" },
	{ "0400000000fffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
	  "7066a319248461b376ecd0875782b3925755fa8616b2126128ac26676f249c48",
	  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254e",
	  "efee704c8b453336ac21389542b582315a24173659c3457413c9b17a312df8878487bad0a76edfd6bc66d2392703bfbe71d42d9690ecdf08f57ce63f06a7773b" },
	{ "040000000000000000ffffffffffffffffffffffffffffffffffffffffffffffff"
	  "093bff5e854fb32419b3ae59e9a7d063e8f1467b7cc4545f329a2e85137ec66c",
	  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254e",
	  "a5214b36330cae3db9e29721771140e15d03ca085f9e0cc02b52bbffbeef1291fae8f9b53e584c24723dc16b556943ac647ead1cd47aec98602d2c458341c30b" },
	{ "040000000000000000000000000000000000000001000000000000000000000000"
	  "82ed21a62abbdc157a5172ea851be904ffb5814bdd53e498fb810c32065323c0",
	  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254e",
	  "f9580eda6626a4fbfbc6e8f8ab6d3308f04e1eaff1fa175be2468642d72bfee08d7e602d1afb4ab12451d9b0cb4d1dc110bc0862e9d98c1f1086d7109c6d9c49" },
};

static void test_edge(const struct curve *c, const struct edge *e)
{
	uint8_t point[65], factor[32], want[64];

	from_hex(point, e->point);
	from_hex(factor, e->factor);
	from_hex(want, e->product);
	check(c->ec->mul(point, 65, factor, 32, BR_EC_secp256r1) == 1 &&
		      !memcmp(point + 1, want, 64),
	      "an edge", c->name);
	from_hex(point, e->point);
	point[64] ^= 1;
	check(c->ec->mul(point, 65, factor, 32, BR_EC_secp256r1) == 0, "what is no point", c->name);
}

/* What links use against the plain arithmetic of another file, on and on from where the
 * last product led: a carry that is lost once in a while shows here. */
static void test_walk(const br_ec_impl *ec, const br_ec_impl *plain)
{
	enum { STEPS = 400 };
	uint8_t one[65], other[65], factor[32];
	int same = 0;

	from_hex(one, edges[0].point);
	memset(factor, 0xff, sizeof(factor));
	factor[0] = 0x7f;
	memcpy(other, one, sizeof(one));
	for (int i = 0; i < STEPS; i++) {
		ec->mul(one, 65, factor, 32, BR_EC_secp256r1);
		plain->mul(other, 65, factor, 32, BR_EC_secp256r1);
		same += !memcmp(one, other, sizeof(one));
		for (int j = 0; j < 32; j++) /* long rows of ones and zeros, too */
			factor[j] = (uint8_t)(i % 3 ? one[1 + j] : -(one[1 + j] >> 7));
		factor[0] &= 0x7f;
		factor[31] |= 1;
	}
	check(same == STEPS, "a walk over the curve", "p256_m31");
}

static void test_curves(void)
{
	const struct curve curves[] = {
		{ "default", br_ec_get_default() },
		{ "p256_m15", &br_ec_p256_m15 },
		{ "p256_m31", &br_ec_p256_m31 },
		{ "prime_i31", &br_ec_prime_i31 },
	};

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		for (size_t j = 0; j < 2; j++)
			test_signature(&curves[i], &signatures[j]);
		test_agreement(&curves[i]);
		for (size_t j = 0; j < sizeof(edges) / sizeof(edges[0]); j++)
			test_edge(&curves[i], &edges[j]);
	}
	test_walk(&br_ec_p256_m31, &br_ec_prime_i31);
}

/* --- ChaCha20-Poly1305 --- */

static void test_chacha20(const char *name, br_chacha20_run chacha20, br_poly1305_run poly1305)
{
	char text[] = "Ladies and Gentlemen of the class of '99: If I could offer you only one "
		      "tip for the future, sunscreen would be it.";
	uint8_t key[32], nonce[12], aad[12], want[128], want_tag[16], tag[16];
	size_t len = strlen(text);

	if (!chacha20 || !poly1305)
		return; /* not for this machine */
	from_hex(key, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
	from_hex(nonce, "070000004041424344454647");
	from_hex(aad, "50515253c0c1c2c3c4c5c6c7");
	from_hex(want, "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
		       "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
		       "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
		       "3ff4def08e4b7a9de576d26586cec64b6116");
	from_hex(want_tag, "1ae10b594f09e26a7e902ecbd0600691");

	poly1305(key, nonce, text, len, aad, sizeof(aad), tag, chacha20, 1);
	check(!memcmp(text, want, len) && !memcmp(tag, want_tag, 16), "ChaCha20-Poly1305", name);
	poly1305(key, nonce, text, len, aad, sizeof(aad), tag, chacha20, 0);
	check(!memcmp(text, "Ladies", 6) && !memcmp(tag, want_tag, 16), "its opening", name);
	poly1305(key, nonce, want, len, aad, sizeof(aad) - 1, tag, chacha20, 0);
	check(memcmp(tag, want_tag, 16) != 0, "its refusal", name);
}

/* --- AES-GCM --- */

static const struct gcm {
	const char *name, *key, *sealed, *tag;
} gcms[] = {
	{ "AES-128", "feffe9928665731c6d6a8f9467308308",
	  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	  "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
	  "5bc94fbc3221a5db94fae95ae7121a47" },
	{ "AES-256", "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
};

/* What tls.c picks where the processor has it, and what it picks else. */
struct cipher {
	const char *name;
	const br_block_ctr_class *aes;
	br_ghash ghash;
};

static void gcm_start(br_gcm_context *gcm)
{
	uint8_t nonce[12], aad[20];

	from_hex(nonce, "cafebabefacedbaddecaf888");
	from_hex(aad, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
	br_gcm_reset(gcm, nonce, sizeof(nonce));
	br_gcm_aad_inject(gcm, aad, sizeof(aad));
	br_gcm_flip(gcm);
}

static void test_gcm(const struct gcm *t, const struct cipher *c)
{
	uint8_t key[32], data[64], want[64], tag[16];
	br_aes_gen_ctr_keys aes;
	br_gcm_context gcm;
	size_t key_len = from_hex(key, t->key);
	size_t len =
		from_hex(data, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
			       "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");

	from_hex(want, t->sealed);
	from_hex(tag, t->tag);
	c->aes->init(&aes.vtable, key, key_len);
	br_gcm_init(&gcm, &aes.vtable, c->ghash);

	gcm_start(&gcm);
	br_gcm_run(&gcm, 1, data, len);
	check(!memcmp(data, want, len) && br_gcm_check_tag(&gcm, tag) == 1, t->name, c->name);

	gcm_start(&gcm);
	br_gcm_run(&gcm, 0, data, len);
	check(br_gcm_check_tag(&gcm, tag) == 1, "GCM opening", c->name);

	want[0] ^= 1;
	gcm_start(&gcm);
	br_gcm_run(&gcm, 0, want, len);
	check(br_gcm_check_tag(&gcm, tag) == 0, "GCM refusal", c->name);
}

static void test_ciphers(void)
{
	const struct cipher ciphers[] = {
		{ "ct64/ctmul64", &br_aes_ct64_ctr_vtable, br_ghash_ctmul64 },
		{ "x86ni/pclmul", br_aes_x86ni_ctr_get_vtable(), br_ghash_pclmul_get() },
	};

	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		for (size_t j = 0; j < sizeof(gcms) / sizeof(gcms[0]); j++)
			if (ciphers[i].aes && ciphers[i].ghash)
				test_gcm(&gcms[j], &ciphers[i]);
}

int main(int argc, char **argv)
{
	test_curves();
	test_chacha20("ct/ctmul", br_chacha20_ct_run, br_poly1305_ctmul_run);
	test_chacha20("ct/ctmul32", br_chacha20_ct_run, br_poly1305_ctmul32_run);
	test_chacha20("sse2/ctmulq", br_chacha20_sse2_get(), br_poly1305_ctmulq_get());
	test_ciphers();
	printf("bearssl%s%s: %d checks, %d failed\n", argc > 1 ? " for " : "",
	       argc > 1 ? argv[1] : "", checks, failures);
	return failures != 0;
}
