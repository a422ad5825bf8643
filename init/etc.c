/* etc.c: helpers, names and generated files. */
#include "init/etc.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/boot.h"
#include "init/init.h"
#include "init/ns.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"

#define RUN_ETC LANDBRIDGE_RUN "/etc"
#define GENERATED \
	"# Made by Landbridge for this run. To keep your own file, put into /etc/wsl.conf:\n"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void hostname_clean(char out[HOSTNAME_SIZE], const char *text)
{
	size_t len = 0;

	for (; *text && len < HOSTNAME_SIZE - 1; text++) {
		char before = len > 0 ? out[len - 1] : '.';

		if (is_alnum(*text) || (*text == '-' && before != '.') ||
		    (*text == '.' && before != '.' && before != '-'))
			out[len++] = *text;
	}
	while (len > 0 && !is_alnum(out[len - 1]))
		len--;
	out[len] = '\0';
	if (len == 0)
		fmt(out, HOSTNAME_SIZE, "localhost");
}

size_t hosts_text(char *out, size_t size, const char *hostname)
{
	return fmt(out, size,
		   GENERATED "# [network]\n# generateHosts = false\n"
			     "127.0.0.1\tlocalhost\n"
			     "127.0.1.1\t%s.localdomain\t%s\n"
			     "::1\tip6-localhost ip6-loopback\n"
			     "fe00::0\tip6-localnet\n"
			     "ff00::0\tip6-mcastprefix\n"
			     "ff02::1\tip6-allnodes\n"
			     "ff02::2\tip6-allrouters\n",
		   hostname, hostname);
}

/* /init is itself where it came from the image; else it is bound over /init. */
static bool is_own_file(const char *path)
{
	struct stat own, there;

	return stat("/proc/self/exe", &own) == 0 && stat(path, &there) == 0 &&
	       own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

static int links_make(struct boot *b)
{
	static const char *const names[] = {
#if CFG_WSLPATH
		"wslpath",
		"wslinfo",
#endif
#if CFG_INTEROP
		"landbridge-run",
#endif
#if CFG_P9D
		"p9d",
#endif
		"mount.drvfs",
	};
	int err = dir_make(LANDBRIDGE_BIN, 0755);

	if (err < 0)
		return boot_unable(b, err, "make " LANDBRIDGE_BIN);
	for (size_t i = 0; i < array_len(names); i++) {
		char path[64];

		fmt(path, sizeof(path), LANDBRIDGE_BIN "/%s", names[i]);
		if (symlink("/init", path) < 0 && errno != EEXIST)
			return boot_unable(b, -errno, "link %s", path);
	}
	err = file_create(LANDBRIDGE_PATH_FILE, LANDBRIDGE_BIN "\n", 0644);
	if (err < 0)
		return boot_unable(b, err, "make " LANDBRIDGE_PATH_FILE);
	/* For wslpath where the environment was dropped, as by sudo. */
	return b->settings.name ? file_create(LANDBRIDGE_RUN "/name", b->settings.name, 0644) : 0;
}

/* /etc/profile sets PATH anew in login shells (Debian's does): this adds again
 * what sessions have on it, for those of sudo, su and ssh too. */
static const char profile[] = "case \":$PATH:\" in\n"
			      "*:" LANDBRIDGE_BIN ":*) ;;\n"
			      "*)\n"
			      "\tread -r landbridge_path <" LANDBRIDGE_PATH_FILE "\n"
			      "\tPATH=\"$PATH:$landbridge_path\"\n"
			      "\tunset landbridge_path ;;\n"
			      "esac\n";

int step_helpers(struct boot *b)
{
	int err = links_make(b);

	if (err == 0 && !is_own_file("/init")) {
		err = cover_file(&b->covers, "/init", "/proc/self/exe", true);
		if (err < 0)
			boot_unable(b, err, "mount this program on /init");
	}
	if (err == 0 && access("/sbin", F_OK) == 0) {
		err = cover_file(&b->covers, "/sbin/mount.drvfs", "/init", true);
		if (err < 0)
			boot_unable(b, err, "mount /init on /sbin/mount.drvfs");
	}
	if (err == 0 && access("/etc/profile.d", F_OK) == 0) {
		err = file_create(LANDBRIDGE_RUN "/profile.sh", profile, 0644);
		if (err == 0)
			err = cover_file(&b->covers, "/etc/profile.d/landbridge.sh",
					 LANDBRIDGE_RUN "/profile.sh", true);
		if (err < 0)
			boot_unable(b, err, "mount /etc/profile.d/landbridge.sh");
	}
	return err;
}

static const char *name_wanted(const struct boot *b, char *buf, size_t size)
{
	ssize_t len;

	if (b->settings.hostname)
		return b->settings.hostname;
	if (b->settings.name)
		return b->settings.name;
	len = file_read("/etc/hostname", buf, size);
	if (len <= 0)
		return "localhost";
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

int step_hostname(struct boot *b)
{
	char buf[256], name[HOSTNAME_SIZE];
	int err;

	if (b->form == BOOT_CONTAINER && ns_is_first(NS_UTS)) {
		boot_note(b, "%s", "the host name is the host's; left alone");
		return 0;
	}
	hostname_clean(name, name_wanted(b, buf, sizeof(buf)));
	if (sethostname(name, strlen(name)) < 0)
		return boot_unable(b, -errno, "set the host name to %s", name);
	if (setdomainname("localdomain", 11) < 0)
		boot_note(b, "no domain name: %s", strerror(errno));
	fmt(buf, sizeof(buf), "%s\n", name);
	err = dir_make(RUN_ETC, 0755);
	if (err == 0)
		err = file_create(RUN_ETC "/hostname", buf, 0644);
	if (err == 0 && access("/etc", F_OK) == 0)
		err = cover_file(&b->covers, "/etc/hostname", RUN_ETC "/hostname", false);
	return err < 0 ? boot_unable(b, err, "mount /etc/hostname") : 0;
}

static int hosts_put(struct boot *b)
{
	char text[512 + 3 * HOSTNAME_SIZE], name[HOSTNAME_SIZE] = "";
	int err;

	gethostname(name, sizeof(name) - 1);
	hosts_text(text, sizeof(text), name);
	err = file_create(RUN_ETC "/hosts", text, 0644);
	return err < 0 ? err : cover_file(&b->covers, "/etc/hosts", RUN_ETC "/hosts", false);
}

static int resolv_put(struct boot *b)
{
	char text[512];
	int err;

	fmt(text, sizeof(text),
	    GENERATED "# [network]\n# generateResolvConf = false\nnameserver %s\n",
	    b->settings.dns ? b->settings.dns : "10.0.2.3");
	err = file_create(RUN_ETC "/resolv.conf", text, 0644);
	return err < 0 ? err
		       : cover_file(&b->covers, "/etc/resolv.conf", RUN_ETC "/resolv.conf", false);
}

int step_etc(struct boot *b)
{
	int err = dir_make(RUN_ETC, 0755);

	if (access("/etc", F_OK) < 0)
		return 0; /* an image without names */
	if (err == 0 && b->settings.generate_hosts)
		err = hosts_put(b);
	if (err < 0)
		return boot_unable(b, err, "mount /etc/hosts");
	if (b->settings.generate_resolv_conf && (b->settings.dns || b->virtio >> VIRTIO_NET & 1))
		err = resolv_put(b);
	return err < 0 ? boot_unable(b, err, "mount /etc/resolv.conf") : 0;
}
