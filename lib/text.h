/* text.h: text from elsewhere that is to be shown on somebody's terminal.
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

#endif
