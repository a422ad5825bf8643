/* fuzz_accounts.c: passwd(5), group(5) and locale files. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "init/env.h"
#include "lib/accounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_users(char *text, size_t len)
{
	char *at = text;
	struct account u;

	while (account_next(&at, text + len, &u))
		if (!*u.name || strchr(u.shell, ':') || strchr(u.home, '\n') ||
		    u.uid == (uid_t)-1 || at > text + len)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), lang[32];
	gid_t at[16];
	struct gids gids = { at, 0, 16 };

	if (!text)
		return 0;
	account_groups(&gids, (const char *)data, size, "me");
	if (gids.count > 16)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (lang_parse(text, lang, sizeof(lang)) && (!*lang || strlen(lang) >= sizeof(lang)))
		abort();
	try_users(text, size);
	free(text);
	return 0;
}
