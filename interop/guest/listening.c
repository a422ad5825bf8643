/* listening.c: which TCP ports something listens at. */
#include "interop/guest/listening.h"

#include <stdlib.h>
#include <string.h>

enum {
	WORD_ADDRESS = 1, /* of a line, between blanks: "0:" ADDRESS:PORT ADDRESS:PORT STATE ... */
	WORD_STATE = 3,
	WORD_UID = 7,
	STATE_LISTEN = 0x0a,
	V4 = 8, /* digits */
	V6 = 32,
};

static const char *word(const char *line, int n)
{
	for (;; n--) {
		line += strspn(line, " ");
		if (n == 0)
			return line;
		line += strcspn(line, " ");
	}
}

/* Of "ADDRESS:...", which the kernel prints in words of 32 bits, each as this machine has
 * it (least byte first). */
static bool is_local(const char *at, size_t len)
{
	static const struct {
		uint8_t len;
		char rest[17]; /* behind leading zeroes */
	} ours[] = {
		{ V4, ":" },        { V4, "100007F:" },         { V6, ":" },
		{ V6, "1000000:" }, { V6, "FFFF00000100007F" },
	};
	const char *rest = at + strspn(at, "0");

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (len == ours[i].len && strncmp(rest, ours[i].rest, strlen(ours[i].rest)) == 0)
			return true;
	return false;
}

bool listening_line(const char *line, struct listening *found)
{
	const char *address = word(line, WORD_ADDRESS);
	size_t len = strcspn(address, ": ");

	if (address[len] != ':' || strtoul(word(line, WORD_STATE), NULL, 16) != STATE_LISTEN)
		return false;
	found->port = (uint16_t)strtoul(address + len + 1, NULL, 16);
	found->uid = (uint32_t)strtoul(word(line, WORD_UID), NULL, 10);
	return found->port != 0 && is_local(address, len);
}
