/* fuzz_winenv.c: a guest's variables over the host's: sorted, and each name once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "interop/host/winenv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int compare(const wchar_t *a, size_t a_len, const wchar_t *b, size_t b_len)
{
	for (size_t i = 0; i < a_len && i < b_len; i++)
		if (towupper((wint_t)a[i]) != towupper((wint_t)b[i]))
			return towupper((wint_t)a[i]) < towupper((wint_t)b[i]) ? -1 : 1;
	return (a_len > b_len) - (a_len < b_len);
}

static size_t name_length(const wchar_t *entry)
{
	const wchar_t *equals = wcschr(entry + 1, L'=');

	return equals ? (size_t)(equals - entry) : wcslen(entry);
}

static void check(const wchar_t *list)
{
	const wchar_t *next;

	for (; *list; list = next) {
		next = list + wcslen(list) + 1;
		if (*next && compare(list, name_length(list), next, name_length(next)) >= 0)
			abort();
	}
}

/* What comes before two NULs is the host's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	wchar_t *text = calloc(size + 2, sizeof(*text)), *list;
	size_t ours = 0;

	for (size_t i = 0; i < size; i++)
		text[i] = data[i];
	while (text[ours])
		ours += wcslen(text + ours) + 1;
	ours = ours < size ? ours + 1 : size;
	list = winenv_join(text, text + ours, size - ours, compare);
	if (!list)
		abort();
	check(list);
	free(list);
	free(text);
	return 0;
}
