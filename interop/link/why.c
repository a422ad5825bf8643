/* why.c: why a stream came to nothing, as FAILED tells it. */
#include "interop/link/why.h"

#include <string.h>

#include "interop/link/router.h"

static const char *why_text(const struct router *r, enum why why)
{
	static const char *const texts[][2] = {
		[WHY_ABSENT] = { "no agent of the host is connected (start it: landbridge agent)",
				 "the guest is not connected (has it booted?)" },
		[WHY_LOST] = { "the link to the host broke (has its agent ended?)",
			       "the link to the guest broke (has it been stopped?)" },
		[WHY_SILENT] = { "the agent of the host does not answer (is it stopped?)",
				 "the guest does not answer (is it paused?)" },
		[WHY_VERSION] = { "client and broker are of different versions (reboot the guest)",
				  "command and agent are of different versions (restart the agent)" },
		[WHY_RUNNER] = { "the session's process in the guest ended unexpectedly",
				 "the agent's process for the program ended unexpectedly" },
		[WHY_PROTOCOL] = { "the stream broke the border protocol (versions differ?)",
				   "the stream broke the border protocol (versions differ?)" },
		[WHY_FULL] = { "too many programs run or wait on the link (end some first)",
			       "too many programs run or wait on the link (end some first)" },
		[WHY_CROWD] = { "too many idle connections (this one gave way)",
				"too many idle connections (this one gave way)" },
		[WHY_LONG] = { "arguments and environment are longer than 4 MiB",
			       "arguments and environment are longer than 4 MiB" },
		[WHY_MEMORY] = { "out of memory or descriptors", "out of memory or descriptors" },
	};

	return texts[why][r->side];
}

struct failed failed_because(const struct router *r, enum why why)
{
	struct failed f = { .code = WIRE_FAIL_BRIDGE };

	f.text.at = why_text(r, why);
	f.text.len = strlen(f.text.at);
	return f;
}
