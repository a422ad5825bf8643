/* shimname.c: what a program of the host's is called among the guest's commands. */
#include "init/shimname.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/text.h"

/* The first two need none. COM is first of all in Windows' PATHEXT. */
static const char extensions[][5] = { ".com", ".exe",
#if CFG_SCRIPTS
				      ".bat", ".cmd"
#endif
};

enum { COM, EXE };

enum shim_claim shim_name(char out[SHIM_NAME], const char *entry, enum shim_form form)
{
	const char *dot = strrchr(entry, '.');
	bool bare = form & SHIM_BARE;
	size_t len = strlen(entry), kind = 0;

	while (kind < array_len(extensions) && dot && strcasecmp(dot, extensions[kind]) != 0)
		kind++;
	if (!dot || kind == array_len(extensions) || *entry == '.' || len >= SHIM_NAME ||
	    !text_clean(entry, len) || (kind > EXE && bare))
		return SHIM_NONE;
	fmt(out, SHIM_NAME, "%.*s", (int)(bare ? (size_t)(dot - entry) : len), entry);
	for (; form & SHIM_LOWER && *out; out++)
		if (*out >= 'A' && *out <= 'Z')
			*out |= 0x20;
	return form == SHIM_SPELLED || (bare && kind == COM) ? SHIM_FIRST : SHIM_SECOND;
}
