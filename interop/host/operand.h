/* operand.h: what landbridge cp is to copy, and where to, as people write it. Pure.
 *
 *   NAME:PATH     in the guest of machine NAME; a relative PATH begins in its user's
 *                 home, and none is that home
 *   PATH          of this host
 *
 * as scp(1) has it: a colon counts only before the first slash and not as the first
 * byte, so that ./a:b is a file of this host.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_OPERAND_H
#define LANDBRIDGE_INTEROP_HOST_OPERAND_H

#include "interop/host/host.h"

enum { OPERAND_MACHINE = 64 };

struct operand {
	char machine[OPERAND_MACHINE]; /* empty: this host */
	const char *path;              /* in the text that was parsed */
};

/* 0, or -1 with *why. */
int operand_parse(struct operand *operand, const char *text, struct fault *why);

/* The whole of a command: the last is where to. At least two, one of a guest. 0, or -1
 * with *why. */
int operands_check(char *const *texts, struct fault *why);

/* The name that a copy of `path` has in a directory: the last of the path's names, its
 * length in *len. None (*len 0) of what names a directory otherwise (/, ., a/..): its
 * contents are meant. */
const char *operand_base(const char *path, size_t *len);

#endif
