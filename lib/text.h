/* text.h: text from elsewhere: what may be shown on a terminal, and what is a name.
 *
 * Pure. A terminal obeys control characters: C0 and DEL are a byte each; C1
 * (U+0080 to U+009F, CSI and OSC among them) is two bytes of UTF-8, or one
 * where the terminal does not speak UTF-8 (ECMA-48, and xterm's ctlseqs).
 */
#ifndef LANDBRIDGE_LIB_TEXT_H
#define LANDBRIDGE_LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the control character at `at`, where a character begins and
 * `left` > 0 bytes are left; 0: it is none. */
size_t text_control(const uint8_t *at, size_t left);

/* The length of the UTF-8 character at `at`; 1 for a byte that begins none. */
size_t text_character(const uint8_t *at, size_t left);

/* Whether the text has no control character. */
bool text_clean(const void *text, size_t len);

/* Whether it is a letter or digit of ASCII, in every locale. */
bool ascii_is_alnum(char c);

/* The length of the run of such characters, and of those in `extra`, with which
 * the text begins. */
size_t ascii_span(const char *text, const char *extra);

#endif
