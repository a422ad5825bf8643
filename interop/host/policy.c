/* policy.c: decides about the streams that a guest opens. */
#include "interop/host/policy.h"

#include <string.h>

#include "interop/link/link.h"
#include "lib/fmt.h"

const char *policy_job_refuse(const struct rules *rules, const uint32_t *users, size_t count,
			      uint32_t user)
{
	size_t own = 0;

	if (count >= rules->running)
		return "as many as the host's policy allows are running already";
	for (size_t i = 0; i < count; i++)
		own += users[i] == user;
	return count < POLICY_JOBS && (user == 0 || own < POLICY_JOBS / 4 * 3)
		       ? NULL
		       : "too many of this user, or of all, are running already";
}

char policy_drive(const struct open *o)
{
	static const char name[] = "drive:";
	const size_t len = sizeof(name) - 1;

	if (o->kind != OPEN_BYTES || o->service.len != len + 1 ||
	    memcmp(o->service.at, name, len) != 0)
		return 0;
	return o->service.at[len] >= 'A' && o->service.at[len] <= 'Z' ? o->service.at[len] : 0;
}

bool policy_is_about(const struct open *o)
{
	return o->kind == OPEN_BYTES && strcmp(o->service.at, "about") == 0;
}

static int refuse(struct failed *why, uint32_t code, const char *text, size_t len)
{
	why->code = code;
	why->text.at = text;
	why->text.len = len;
	return -1;
}

static int service_may(const struct open *o, uint32_t drives, char *text, size_t size,
		       struct failed *why)
{
	const char letter = policy_drive(o);

	if (!letter)
		return refuse(why, WIRE_FAIL_NOT_FOUND, text,
			      fmt(text, size, "the host has no service %.64s", o->service.at));
	if (o->uid != 0 && o->uid != UINT32_MAX)
		return refuse(why, WIRE_FAIL_NOT_RUN, text,
			      fmt(text, size, "only the guest's root may open drive %c:", letter));
	if (!(drives >> (letter - 'A') & 1))
		return refuse(why, WIRE_FAIL_NOT_FOUND, text,
			      fmt(text, size,
				  "the host gives no drive %c: (start the machine with "
				  "--drive %c:=DIR)",
				  letter, letter));
	return 0;
}

int policy_guest_may(const struct open *o, uint32_t drives, char *text, size_t size,
		     struct failed *why)
{
	if (o->kind == OPEN_PROGRAM || policy_is_about(o))
		return 0;
	if (o->kind == OPEN_BYTES)
		return service_may(o, drives, text, size, why);
	return refuse(why, WIRE_FAIL_NOT_RUN, text,
		      fmt(text, size, "the host does not serve such streams (%s)",
			  open_kind_name(o->kind)));
}

uint32_t policy_port(const struct open *o, const struct rules *rules, char *text,
		     struct failed *why)
{
	struct address a;
	bool fits = address_parse(&a, o->address.at) == 0 && a.kind == ADDRESS_TCP &&
		    strcmp(a.name, "127.0.0.1") == 0 && (o->uid == 0 || o->uid == UINT32_MAX);
	size_t len;

	if (fits && a.port >= POLICY_PORTS && rules_port(rules, a.port))
		return a.port;
	if (!fits)
		len = fmt(text, WIRE_FAILED_MAX, "the host does not listen at %.64s for that user",
			  o->address.at);
	else if (a.port < POLICY_PORTS)
		len = fmt(text, WIRE_FAILED_MAX, "the host gives no port below %d", POLICY_PORTS);
	else
		len = fmt(text, WIRE_FAILED_MAX, "the host's policy file does not give it");
	refuse(why, WIRE_FAIL_NOT_RUN, text, len);
	return 0;
}
