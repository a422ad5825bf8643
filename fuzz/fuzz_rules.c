/* fuzz_rules.c: any bytes as a policy file; what it says is asked. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "interop/host/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char path[] = "C:\\windows\\system32\\gr\xc3\xbc\xc3\x9f.exe";
	const char *why = NULL;
	const struct policy_rule *by;
	struct rules rules;
	char *text = malloc(len + 1);

	memcpy(text, data, len);
	if (rules_parse(&rules, text, len, &why) == 0) {
		if (why)
			abort();
		rules_program(&rules, path, &by);
		rules_env(&rules, "FERRY=boat");
		/* Each pattern is refused, or is itself a path it matches when it has no *. */
		for (size_t i = 0; i < rules.count; i++)
			if (!strchr(rules.at[i].pattern, '*')) {
				rules_program(&rules, rules.at[i].pattern, &by);
				if (!by || by > &rules.at[i])
					abort();
			}
	} else if (!why || rules.count || !rules.allow) {
		abort();
	}
	free(text);
	return 0;
}
