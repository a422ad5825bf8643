/* policy.c: decides about the streams that a guest opens. */
#include "interop/host/policy.h"

#include "lib/fmt.h"

bool policy_job_fits(const uint32_t *users, size_t count, uint32_t user)
{
	size_t own = 0;

	for (size_t i = 0; i < count; i++)
		own += users[i] == user;
	return count < POLICY_JOBS && (user == 0 || own < POLICY_JOBS / 4 * 3);
}

int policy_guest_may(const struct open *o, char *text, size_t size, struct failed *why)
{
	if (o->kind == OPEN_PROGRAM)
		return 0;
	why->code = o->kind == OPEN_BYTES ? WIRE_FAIL_NOT_FOUND : WIRE_FAIL_NOT_RUN;
	why->text.at = text;
	why->text.len = o->kind == OPEN_BYTES
				? fmt(text, size, "the host has no service %.64s", o->service.at)
				: fmt(text, size, "the host does not serve such streams (%s)",
				      open_kind_name(o->kind));
	return -1;
}
