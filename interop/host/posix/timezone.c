/* timezone.c: this host's time zone. Source: tzset(3), localtime(5). */
#include "interop/host/posix/timezone.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fmt.h"
#include "lib/text.h"

#define ZONES "/zoneinfo/"

bool timezone_is_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < TIMEZONE_MAX && ascii_span(text, "/_+-") == len &&
	       (ascii_is_alnum(text[0]) && (text[0] < '0' || text[0] > '9'));
}

void timezone_find(char zone[TIMEZONE_MAX])
{
	const char *said = getenv("TZ"), *name = "";
	char link[PATH_MAX] = "";

	if (said && *said) {
		name = said + (*said == ':');
	} else if (readlink("/etc/localtime", link, sizeof(link) - 1) > 0) {
		name = strstr(link, ZONES);
		name = name ? name + strlen(ZONES) : "";
	}
	fmt(zone, TIMEZONE_MAX, "%s", timezone_is_name(name) ? name : "");
}
