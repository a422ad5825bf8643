/* completion.h: what makes a shell complete landbridge's command line. Pure: made of the
 * tables that read it, so it offers what there is.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_COMPLETION_H
#define LANDBRIDGE_INTEROP_HOST_COMPLETION_H

#include "lib/bytes.h"

/* shell: bash, zsh or fish; -EINVAL for others. Sources: bash(1), "Programmable
 * Completion"; zshcompsys(1); fish's complete(1). */
int completion_write(struct writer *w, const char *shell);

#endif
