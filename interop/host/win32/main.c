/* main.c: landbridge.exe: the host half on a Windows host, as far as there is one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <winsock2.h>

#include "interop/host/options.h"
#include "interop/host/win32/agent.h"
#include "interop/host/win32/doctor.h"
#include "interop/host/win32/home.h"
#include "interop/host/win32/session.h"
#include "interop/host/win32/wsl.h"
#include "lib/fmt.h"
#include "lib/win32/wide.h"

static const char help[] =
	"usage: landbridge agent --listen tcp:ADDRESS:PORT --key FILE\n"
	"       landbridge exec [--user NAME] [--tty] NAME [--] COMMAND [ARG]...\n"
	"       landbridge shell [--user NAME] [NAME]\n"
	"       landbridge doctor [--json] [NAME]\n"
	"       landbridge version\n"
	"agent serves the guest that calls and has the key that fits (landbridge enroll on\n"
	"a Linux host makes both keys), until it is told to stop: it runs the Windows programs\n"
	"that the guest asks for, each with three pipes. What guests may run says\n"
	"%LOCALAPPDATA%\\landbridge\\policy (landbridge-policy(5)).\n"
	"exec runs COMMAND in the guest NAME, whose agent runs here, and exits with its status;\n"
	"shell opens its login shell. NAME is the key's: of boat.host.key, boat.\n"
	"doctor says what works here, and in the guest NAME.\n"
	"As wsl.exe the same program takes wsl's own command line (wsl --help).\n"
	"Nothing else of Landbridge is here yet: no drives, no machines.\n";

static int refuse_option(struct fault *why, const char *option)
{
	return fault_set(why, HOST_FAILED,
			 "unable to serve %s: it is not there on a Windows host yet (see "
			 "landbridge --help)",
			 option);
}

/* What the Linux agent knows besides. */
static int options_serve(const struct options *o, struct fault *why)
{
	if (o->socket)
		return refuse_option(why, "--socket");
	if (o->ports)
		return refuse_option(why, "--ports");
	if (o->no_sandbox)
		return refuse_option(why, "--no-sandbox");
	if (o->drives.count > 0)
		return refuse_option(why, "--drive");
	if (o->link)
		return refuse_option(why, "--link");
	return 0;
}

static int key_take(struct key *key, const char *path, struct fault *why)
{
	int error = key_load(key, path);

	if (error)
		return fault_set(why, HOST_FAILED, "unable to use the key %s: %s", path,
				 key_why(error));
	if (key_expired(key, time(NULL)))
		return fault_set(why, HOST_FAILED,
				 "unable to use the key %s: it has expired (make new ones: "
				 "landbridge enroll)",
				 path);
	return 0;
}

static int listen_fault(struct fault *why, const char *listen, int error)
{
	return fault_set(why, HOST_FAILED, "unable to listen on %s: %s", listen, link_why(error));
}

/* The others may be without a key. */
static int address_take(struct address *at, const char *listen, struct fault *why)
{
	int error = address_parse(at, listen);

	if (error)
		return listen_fault(why, listen, error);
	return at->kind == ADDRESS_TCP ? 0 : refuse_option(why, listen);
}

static int door_open(struct agent_config *config, const char *listen, struct fault *why)
{
	config->door = link_listen(&config->at);
	return config->door < 0 ? listen_fault(why, listen, config->door) : 0;
}

/* As enroll named it: of boat.host.key, boat. */
static void agent_name(char name[COOKIE_NAME], const char *key)
{
	const char *base = key + strlen(key);

	while (base > key && base[-1] != '/' && base[-1] != '\\' && base[-1] != ':')
		base--;
	fmt(name, COOKIE_NAME, "%.*s", (int)strcspn(base, "."), base);
	if (!options_name_fits(name))
		fmt(name, COOKIE_NAME, "guest");
}

/* Which need not be on C:. */
static int system_find(char *out, size_t size, struct fault *why)
{
	WCHAR dir[MAX_PATH];
	UINT len = GetSystemDirectoryW(dir, MAX_PATH);

	return len > 0 && len < MAX_PATH && wide_to_utf8(out, size, dir) >= 0
		       ? 0
		       : fault_set(why, HOST_FAILED, "unable to find Windows' own directory");
}

static int agent_command(const struct options *o, struct fault *why)
{
	struct agent_config config = { .door = -1 };
	char system_dir[3 * MAX_PATH];
	WCHAR home[MAX_PATH];
	struct rules rules;
	struct audit audit = { .log = NULL };
	struct key key;

	if (options_serve(o, why) < 0 || address_take(&config.at, o->listen, why) < 0 ||
	    key_take(&key, o->key, why) < 0 || home_find(home, why) < 0 ||
	    home_rules(&rules, home, why) < 0 ||
	    system_find(system_dir, sizeof(system_dir), why) < 0)
		return -1;
	if (rules.log && audit_open(&audit, home) < 0)
		return fault_set(why, HOST_FAILED, "unable to write audit.log beside the policy");
	if (door_open(&config, o->listen, why) < 0)
		return -1;
	config.key = &key;
	config.home = home;
	agent_name(config.name, o->key);
	config.jobs = (struct job_host){
		.rules = &rules,
		.audit = &audit,
		.wine = job_under_wine(),
		.system_dir = system_dir,
		.turns = turns_create(),
	};
	if (!config.jobs.turns)
		return fault_set(why, HOST_FAILED, "unable to serve the link: no memory");
	return agent_serve(&config);
}

static int network_begin(struct fault *why)
{
	WSADATA winsock;

	return WSAStartup(MAKEWORD(2, 2), &winsock) == 0
		       ? 0
		       : fault_set(why, HOST_FAILED, "unable to use the network: no Winsock 2.2");
}

static int command_main(enum command command, char **argv, struct fault *why)
{
	struct options options;

	if (options_parse(&options, command, argv, why) < 0)
		return -1;
	if (options.help) {
		fputs(help, stdout);
		return 0;
	}
	if (options.socket && command != COMMAND_AGENT)
		return refuse_option(why, "--socket");
	if (network_begin(why) < 0)
		return -1;
	switch (command) {
	case COMMAND_AGENT:
		return agent_command(&options, why);
	case COMMAND_DOCTOR:
		return doctor_main(&options, why);
	default:
		return session_main(&options, why);
	}
}

static int command_run(char **argv, struct fault *why)
{
	const char *name = argv[0] ? argv[0] : "--help";

	const enum command command = options_command(name);

	if (command & (COMMAND_AGENT | COMMAND_EXEC | COMMAND_SHELL | COMMAND_DOCTOR))
		return command_main(command, argv, why);
	if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0) {
		puts("landbridge " LANDBRIDGE_VERSION);
		return 0;
	}
	if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0) {
		fputs(help, stdout);
		return 0;
	}
	return fault_set(why, HOST_FAILED, "unknown command %s%s (see landbridge --help)", name,
			 command ? ": it is not there on a Windows host yet" : "");
}

static void words_drop(char **words)
{
	for (char **at = words; at && *at; at++)
		free(*at);
	free(words);
}

/* NULL: no memory, or no text. */
static char **words_of(wchar_t **wide, int count)
{
	char **words = calloc((size_t)count + 1, sizeof(*words));
	bool good = words;

	for (int i = 0; good && i < count; i++) {
		size_t size = 3 * wcslen(wide[i]) + 1;

		words[i] = malloc(size);
		good = words[i] && wide_to_utf8(words[i], size, wide[i]) >= 0;
	}
	if (good)
		return words;
	words_drop(words);
	return NULL;
}

int wmain(int argc, wchar_t **wide); /* Windows calls it */

int wmain(int argc, wchar_t **wide)
{
	char **words = words_of(wide + 1, argc > 0 ? argc - 1 : 0);
	struct fault why = { 0 };
	int status;

	if (!words) {
		fputs("landbridge: unable to read the arguments\n", stderr);
		return HOST_FAILED;
	}
	if (wsl_is_name())
		status = network_begin(&why) < 0 ? -1 : wsl_main(&why);
	else
		status = command_run(words, &why);
	words_drop(words);
	return status < 0 ? fault_print(&why) : status;
}
