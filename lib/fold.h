/* fold.h: names without regard to case, as Windows compares them.
 *
 * Pure. Letters of one case or the other in ASCII, Latin-1 (but the sharp s and y
 * with diaeresis, which have no partner there), Greek without accents and Cyrillic
 * are the same; all others are themselves. Each pair takes as many bytes in UTF-8,
 * so names that are the same have the same length. Bytes that are no UTF-8 are
 * themselves.
 */
#ifndef LANDBRIDGE_LIB_FOLD_H
#define LANDBRIDGE_LIB_FOLD_H

#include <stdbool.h>
#include <stddef.h>

bool fold_equal(const char *a, const char *b, size_t len);

#endif
