/* winenv.c: one list of variables laid over another, as Windows has them. */
#include "interop/host/winenv.h"

#include <stdlib.h>

/* Entries, sorted; they point into what they were found in. */
struct entries {
	const wchar_t **at;
	size_t count;
	winenv_compare *compare;
};

/* The first sign of a name may be =: Windows keeps the directories of drives so. */
static size_t name_length(const wchar_t *entry)
{
	const wchar_t *equals = *entry ? wcschr(entry + 1, L'=') : NULL;

	return equals ? (size_t)(equals - entry) : wcslen(entry);
}

/* The first place whose name is not before that of `entry`. */
static size_t entries_find(const struct entries *e, const wchar_t *entry, int *order)
{
	size_t low = 0, high = e->count, len = name_length(entry);

	*order = 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const wchar_t *there = e->at[middle];
		int o = e->compare(there, name_length(there), entry, len);

		if (o < 0) {
			low = middle + 1;
		} else {
			high = middle;
			*order = o;
		}
	}
	return low;
}

static void entries_set(struct entries *e, const wchar_t *entry)
{
	int order;
	size_t place = entries_find(e, entry, &order);

	if (order != 0) {
		for (size_t i = e->count++; i > place; i--)
			e->at[i] = e->at[i - 1];
	}
	e->at[place] = entry;
}

static size_t entries_in(const wchar_t *list, const wchar_t *end)
{
	size_t count = 0;

	for (; list < end && *list; list += wcslen(list) + 1)
		count++;
	return count;
}

static void entries_add(struct entries *e, const wchar_t *list, const wchar_t *end)
{
	for (; list < end && *list; list += wcslen(list) + 1)
		entries_set(e, list);
}

static wchar_t *entries_text(const struct entries *e)
{
	size_t units = 2, used = 0;
	wchar_t *list;

	for (size_t i = 0; i < e->count; i++)
		units += wcslen(e->at[i]) + 1;
	list = calloc(units, sizeof(*list));
	for (size_t i = 0; list && i < e->count; i++) {
		size_t len = wcslen(e->at[i]) + 1;

		wmemcpy(list + used, e->at[i], len);
		used += len;
	}
	return list;
}

static const wchar_t *end_of(const wchar_t *list)
{
	while (*list)
		list += wcslen(list) + 1;
	return list;
}

wchar_t *winenv_join(const wchar_t *ours, const wchar_t *over, size_t count,
		     winenv_compare *compare)
{
	const wchar_t *ours_end = end_of(ours), *over_end = over + count;
	struct entries e = { .compare = compare };
	wchar_t *list;

	e.at = calloc(entries_in(ours, ours_end) + entries_in(over, over_end) + 1, sizeof(*e.at));
	if (!e.at)
		return NULL;
	entries_add(&e, ours, ours_end);
	entries_add(&e, over, over_end);
	list = entries_text(&e);
	free(e.at);
	return list;
}
