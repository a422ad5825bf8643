/* operand.c: NAME:PATH and PATH. */
#include "interop/host/operand.h"

#include <string.h>

#include "interop/host/options.h"
#include "lib/fmt.h"

int operand_parse(struct operand *operand, const char *text, struct fault *why)
{
	size_t len = strcspn(text, ":/");

	*operand = (struct operand){ .path = text };
	if (!*text)
		return fault_set(why, HOST_FAILED, "unable to copy a file without a name");
	if (len == 0 || text[len] != ':')
		return 0;
	fmt(operand->machine, sizeof(operand->machine), "%.*s", (int)len, text);
	if (len >= sizeof(operand->machine) || !options_name_fits(operand->machine))
		return fault_set(why, HOST_FAILED,
				 "unable to find the machine %.*s: no machine has such a name (a "
				 "file of this host with a colon in its name: ./%s)",
				 (int)len, text, text);
	operand->path = text + len + 1;
	return 0;
}

int operands_check(char *const *texts, struct fault *why)
{
	struct operand operand;
	bool guest = false;
	size_t count = 0;

	for (; texts && texts[count]; count++) {
		if (operand_parse(&operand, texts[count], why) < 0)
			return -1;
		guest = guest || operand.machine[0];
	}
	if (count < 2)
		return fault_set(why, HOST_FAILED,
				 "give what to copy and where to: NAME:PATH . or PATH NAME:PATH");
	if (!guest)
		return fault_set(why, HOST_FAILED,
				 "unable to copy to %s: give a machine's files as NAME:PATH (cp "
				 "copies those of this host)",
				 texts[count - 1]);
	return 0;
}

static bool is_dots(const char *name, size_t len)
{
	return (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
}

const char *operand_base(const char *path, size_t *len)
{
	const char *end = path + strlen(path), *name;

	while (end > path && end[-1] == '/')
		end--;
	for (name = end; name > path && name[-1] != '/';)
		name--;
	*len = (size_t)(end - name);
	if (is_dots(name, *len))
		*len = 0;
	return name;
}
