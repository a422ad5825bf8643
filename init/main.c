/* main.c: one program, many names. */
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "init/init.h"
#include "init/ns.h"
#include "interop/guest/guest.h"
#include "lib/lib.h"
#include "p9d/p9d.h"
#include "pathconv/pathconv.h"

enum { PRESERVED_ARGV0 = 1 }; /* AT_FLAGS_PRESERVE_ARGV0, linux/binfmts.h */

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} names[] = {
#if CFG_WSLPATH
	{ "wslpath", wslpath_main },
	{ "wslinfo", wslinfo_main },
#endif
#if CFG_INTEROP
	{ "landbridge-run", landbridge_run_main },
#endif
#if CFG_WSLVIEW
	{ "wslview", wslview_main },
#endif
#if CFG_DOCTOR
	{ "landbridge-doctor", landbridge_doctor_main },
#endif
#if CFG_P9D
	{ "p9d", p9d_main },
#endif
	{ "mount.drvfs", mount_drvfs_main },
#if CFG_P9FS
	{ "landbridge-drive", landbridge_drive_main },
	{ "landbridge-automount", landbridge_automount_main },
#endif
#if CFG_SHIMS
	{ "landbridge-shims", landbridge_shims_main },
#endif
#if CFG_NET
	{ "landbridge-dhcp", dhcp_main },
#endif
	{ "landbridge-session", session_main },
	{ "landbridge-broker", broker_main },
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* PID 1 of a container can be a .exe that binfmt_misc gave to us, on a kernel
 * before 5.12 without saying so. On the first PID 1 arguments are words of the
 * kernel's command line. */
static bool is_init(int argc)
{
	return getpid() == 1 && (argc < 2 || !in_container());
}

int main(int argc, char **argv)
{
	static const char usage[] =
		"init: not PID 1, and no name it knows (see landbridge-init(8))\n";

	if (argc < 1)
		return 100;
	if (CFG_INTEROP && getauxval(AT_FLAGS) & PRESERVED_ARGV0)
		return client_main(argc, argv);
	for (size_t i = 0; i < array_len(names); i++)
		if (strcmp(base_name(argv[0]), names[i].name) == 0)
			return names[i].run(argc, argv);
	if (is_init(argc))
		return init_main(argc, argv);
	if (CFG_CHECK_CONFIG && argc >= 2 && strcmp(argv[1], "--check-config") == 0)
		return check_config_main(argc, argv);
	if (CFG_INTEROP && argc >= 2)
		return landbridge_run_main(argc, argv);
	return fd_write_all(2, usage, sizeof(usage) - 1) < 0 ? 111 : 100;
}
