/* test_pe.c: what kind of program a file is. */
#include <stdbool.h>
#include <string.h>

#include "binfmt/binfmt.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

/* A file whose headers are made from this; the rest is zeros. */
struct image {
	const char *magic;     /* at 0; NULL: "MZ" */
	uint16_t relocations;  /* at 0x18 */
	uint32_t new_header;   /* at 0x3c */
	const char *signature; /* at new_header; NULL: none */
	uint16_t machine, characteristics, subsystem;
	size_t len; /* of the file; 0: PE_HEAD */
};

struct row {
	const char *what;
	struct image image;
	enum pe_kind kind;
};

static const struct row rows[] = {
	{ "x86-64 console", { NULL, 0x40, 0x80, "PE", 0x8664, 0x22, 3, 0 }, PE_PROGRAM },
	{ "x86-64 GUI", { NULL, 0x40, 0xe8, "PE", 0x8664, 0x22, 2, 0 }, PE_PROGRAM },
	{ "x86", { NULL, 0x40, 0x80, "PE", 0x14c, 0x102, 3, 0 }, PE_PROGRAM },
	{ "arm64", { NULL, 0x40, 0x80, "PE", 0xaa64, 0x22, 3, 0 }, PE_PROGRAM },
	{ "native, for the host to judge",
	  { NULL, 0x40, 0x80, "PE", 0x8664, 0x22, 1, 0 },
	  PE_PROGRAM },
	{ "small file", { NULL, 0x40, 0x80, "PE", 0x8664, 0x22, 3, 0x80 + 94 }, PE_PROGRAM },
	{ "folded headers", { NULL, 0, 4, "PE", 0x14c, 0x102, 3, 300 }, PE_PROGRAM },
	{ "last place", { NULL, 0x40, PE_HEAD - 94, "PE", 0x8664, 0x22, 3, 0 }, PE_PROGRAM },
	{ "DLL", { NULL, 0x40, 0x80, "PE", 0x8664, 0x2022, 2, 0 }, PE_LIBRARY },
	{ "EFI application", { NULL, 0x40, 0x80, "PE", 0x8664, 0x22, 10, 0 }, PE_EFI },
	{ "EFI boot driver", { NULL, 0x40, 0x80, "PE", 0x8664, 0x2022, 11, 0 }, PE_EFI },
	{ "EFI runtime driver", { NULL, 0x40, 0x80, "PE", 0x8664, 0x22, 12, 0 }, PE_EFI },
	{ "EFI ROM", { NULL, 0x40, 0x80, "PE", 0x8664, 0x22, 13, 0 }, PE_EFI },
	{ "Linux kernel with EFI stub", { NULL, 0, 0x40, "PE", 0xaa64, 0x206, 10, 0 }, PE_EFI },
	{ "Xbox", { NULL, 0x40, 0x80, "PE", 0x14c, 0x102, 14, 0 }, PE_PROGRAM },
	{ "NE", { NULL, 0x40, 0x80, "NE", 0, 0, 0, 0 }, PE_OLD },
	{ "LE", { NULL, 0x40, 0x80, "LE", 0, 0, 0, 0 }, PE_OLD },
	{ "LX", { NULL, 0x40, 0x80, "LX", 0, 0, 0, 0 }, PE_OLD },
	{ "DOS", { NULL, 0x1c, 0, NULL, 0, 0, 0, 0 }, PE_DOS },
	{ "DOS with code at 0x3c", { NULL, 0x1c, 0xcd21b44c, NULL, 0, 0, 0, 2000 }, PE_DOS },
	{ "DOS with a number at 0x3c", { NULL, 0x1c, 0x100, NULL, 0, 0, 0, 0 }, PE_DOS },
	{ "PE without its zeros", { NULL, 0x40, 0x80, "PEX", 0x8664, 0x22, 3, 0 }, PE_DOS },
	{ "two bytes", { NULL, 0, 0, NULL, 0, 0, 0, 2 }, PE_TRUNCATED },
	{ "cut in the DOS header", { NULL, 0x40, 0x80, NULL, 0, 0, 0, 63 }, PE_TRUNCATED },
	{ "cut before the PE header", { NULL, 0x40, 0x80, NULL, 0, 0, 0, 0x80 }, PE_TRUNCATED },
	{ "cut in the signature", { NULL, 0x40, 0x80, NULL, 0, 0, 0, 0x83 }, PE_TRUNCATED },
	{ "cut in the PE header",
	  { NULL, 0x40, 0x80, "PE", 0x8664, 0x22, 0, 0x80 + 90 },
	  PE_TRUNCATED },
	{ "header behind what was read", { NULL, 0x40, 0x10000, NULL, 0, 0, 0, 0 }, PE_FAR },
	{ "header across its end", { NULL, 0x40, PE_HEAD - 93, "PE", 0, 0, 0, 0 }, PE_FAR },
	{ "signature across its end", { NULL, 0x40, PE_HEAD - 3, NULL, 0, 0, 0, 0 }, PE_FAR },
	{ "as far as can be", { NULL, 0x40, 0xffffffff, NULL, 0, 0, 0, 0 }, PE_FAR },
	{ "APE", { "MZqFpD", 0, 0x80, "PE", 0x8664, 0x22, 3, 0 }, PE_APE },
	{ "APE for Linux alone", { "MZqFpD", 0, 0, NULL, 0, 0, 0, 0 }, PE_APE },
	{ "ELF", { "\177ELF", 0, 0x80, "PE", 0, 0, 0, 0 }, PE_NOT_MZ },
	{ "ZM", { "ZM", 0, 0x80, "PE", 0, 0, 0, 0 }, PE_NOT_MZ },
	{ "one byte", { NULL, 0, 0, NULL, 0, 0, 0, 1 }, PE_NOT_MZ },
};

static void put(uint8_t *head, size_t at, uint32_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (at + i < PE_HEAD)
			head[at + i] = (uint8_t)(value >> (8 * i));
}

static size_t make(uint8_t head[PE_HEAD], const struct image *image)
{
	const char *magic = image->magic == NULL ? "MZ" : image->magic;
	size_t at = image->new_header;

	memset(head, 0, PE_HEAD);
	memcpy(head, magic, strlen(magic));
	put(head, 0x18, image->relocations, 2);
	if (image->signature != NULL) {
		put(head, at + 4, image->machine, 2);
		put(head, at + 22, image->characteristics, 2);
		put(head, at + 92, image->subsystem, 2);
	}
	put(head, 0x3c, image->new_header, 4);
	for (size_t i = 0; image->signature != NULL && image->signature[i] != '\0'; i++)
		put(head, at + i, (uint8_t)image->signature[i], 1);
	return image->len == 0 ? PE_HEAD : image->len;
}

static bool has_header(enum pe_kind kind)
{
	return kind == PE_PROGRAM || kind == PE_LIBRARY || kind == PE_EFI || kind == PE_APE;
}

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		const struct image *image = &rows[i].image;
		uint8_t head[PE_HEAD];
		size_t len = make(head, image);
		uint8_t *exact = test_malloc(len);
		struct pe pe = { 0xdead, 0xbeef };
		enum pe_kind kind;

		memcpy(exact, head, len);
		kind = pe_read(&pe, exact, len);
		if (kind != rows[i].kind)
			fail_msg("%s: kind %d, want %d", rows[i].what, kind, rows[i].kind);
		assert_int_equal(pe.machine, has_header(kind) ? image->machine : 0);
		assert_int_equal(pe.subsystem, has_header(kind) ? image->subsystem : 0);
		test_free(exact);
	}
}

/* However it is cut, a program is never taken for a whole one of another kind. */
static void test_cut(void **state)
{
	uint8_t head[PE_HEAD];
	struct pe pe;

	(void)state;
	make(head, &rows[0].image);
	for (size_t len = 0; len < 0x80 + 94; len++) {
		uint8_t *exact = test_malloc(len + 1);

		memcpy(exact, head, len);
		assert_int_equal(pe_read(&pe, exact, len), len < 2 ? PE_NOT_MZ : PE_TRUNCATED);
		test_free(exact);
	}
}

static void test_refusals(void **state)
{
	(void)state;
	for (int kind = PE_PROGRAM; kind <= PE_FAR; kind++) {
		const char *text = pe_refusal((enum pe_kind)kind);

		if (kind == PE_PROGRAM || kind == PE_FAR)
			assert_null(text);
		else
			assert_true(strncmp(text, "is ", 3) == 0 && strchr(text, '\n') == NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
