/* refused.c: what an agent says of a guest that its link does not take. */
#include "interop/host/refused.h"

#include "interop/link/link.h"

void refused_say(const struct log *log, const char *who, int error)
{
	if (who)
		log_err(log, "refused a guest from %s: %s", who, link_why(error));
	else
		log_err(log, "cut the link: %s", link_why(error));
}
