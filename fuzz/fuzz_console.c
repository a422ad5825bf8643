/* fuzz_console.c: what a guest's console says never drives a terminal. */
#include <stdlib.h>
#include <string.h>

#include "interop/host/plain.h"
#include "interop/host/posix/console.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(int right)
{
	if (!right)
		abort();
}

/* Printable: no C0, no DEL, no C1 in UTF-8; a byte of 0x80 to 0x9f only inside
 * a character. */
static void check_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned char byte = (unsigned char)text[i];

		check(byte >= ' ' || byte == '\n' || byte == '\t');
		check(byte != 0x7f);
		check(byte < 0x80 || byte > 0x9f || (i > 0 && (unsigned char)text[i - 1] >= 0x80));
		check(byte != 0xc2 || i + 1 == len || (unsigned char)text[i + 1] >= 0xa0);
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct console whole = { 0 }, split = { 0 };
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	check_text(text, plain_text(text, size));
	free(text);
	console_feed(&whole, (const char *)data, size);
	for (size_t i = 0; i < size; i++)
		console_feed(&split, (const char *)data + i, 1);
	check(strcmp(whole.failed, split.failed) == 0 && strcmp(whole.panic, split.panic) == 0);
	check(whole.emergency == split.emergency && whole.halted == split.halted);
	check_text(whole.failed, strlen(whole.failed));
	check_text(whole.panic, strlen(whole.panic));
	return 0;
}
