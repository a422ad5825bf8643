/* wslinfo.c: what tools made for WSL ask of their surroundings. */
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "init/init.h"
#include "init/netif.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"

enum question { ASK_NOTHING, ASK_NETWORK, ASK_PROXY, ASK_VERSION, ASK_VM };

static const struct {
	const char *option;
	enum question question;
} options[] = {
	{ "--networking-mode", ASK_NETWORK },
	{ "--msal-proxy-path", ASK_PROXY },
	{ "--wsl-version", ASK_VERSION },
	{ "--version", ASK_VERSION },
	{ "--vm-id", ASK_VM },
};

static int usage(void)
{
	static const char text[] =
		"wslinfo: usage: wslinfo --networking-mode | --wsl-version | --vm-id | "
		"--msal-proxy-path [-n]\n";

	fd_write_all(2, text, sizeof(text) - 1);
	return 1;
}

/* QEMU's user network is a NAT. */
static const char *network_mode(void)
{
	char name[IF_NAMESIZE];

	return netif_first(NETIF_TOP, name) ? "nat" : "none";
}

static enum question question_find(const char *option)
{
	for (size_t i = 0; i < array_len(options); i++)
		if (strcmp(options[i].option, option) == 0)
			return options[i].question;
	return ASK_NOTHING;
}

/* The kernel's boot id: one for each run of the machine, as in WSL. */
static const char *vm_id(char *buf, size_t size)
{
	if (file_read("/proc/sys/kernel/random/boot_id", buf, size) <= 0)
		return NULL;
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

static const char *answer(enum question question, char *buf, size_t size)
{
	switch (question) {
	case ASK_NETWORK:
		return network_mode();
	case ASK_VERSION:
		return LANDBRIDGE_VERSION;
	case ASK_VM:
		return vm_id(buf, size);
	default:
		return NULL;
	}
}

static int question_answer(enum question question, bool newline)
{
	static const char none[] = "wslinfo: Landbridge has no answer to this\n";
	char buf[64], line[80];
	const char *text = answer(question, buf, sizeof(buf));

	if (!text) {
		fd_write_all(2, none, sizeof(none) - 1);
		return 1;
	}
	return fd_write_all(1, line, fmt(line, sizeof(line), "%s%s", text, newline ? "\n" : "")) <
	       0;
}

int wslinfo_main(int argc, char **argv)
{
	enum question question = ASK_NOTHING;
	bool newline = true;

	for (int i = 1; i < argc; i++) {
		enum question asked = question_find(argv[i]);

		if (strcmp(argv[i], "-n") == 0)
			newline = false;
		else if (asked == ASK_NOTHING || question != ASK_NOTHING)
			return usage();
		else
			question = asked;
	}
	return question == ASK_NOTHING ? usage() : question_answer(question, newline);
}
