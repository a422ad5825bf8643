/* winenv.h: one list of variables laid over another, as Windows has them.
 *
 * A list is NAME=value, each with a NUL after it. Two names are one if they differ in case
 * only; how Windows tells that is the caller's to say.
 * Microsoft Learn: CreateProcessW (lpEnvironment), "Changing Environment Variables".
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WINENV_H
#define LANDBRIDGE_INTEROP_HOST_WINENV_H

#include <stddef.h>
#include <wchar.h>

/* Of two names, which are not ended by a NUL: < 0, 0 or > 0. */
typedef int winenv_compare(const wchar_t *a, size_t a_len, const wchar_t *b, size_t b_len);

/* `ours` ends with an empty entry, `over` after `count` units. The list of both, where
 * `over` counts, sorted by name and ended by an empty entry. The caller's, by free(3); NULL:
 * no memory. */
wchar_t *winenv_join(const wchar_t *ours, const wchar_t *over, size_t count,
		     winenv_compare *compare);

#endif
