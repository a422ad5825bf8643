/* etc.c: the host name and the files in /etc that are made for a run. */
#include "init/etc.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "init/distro.h"
#include "init/machine.h"
#include "init/net.h"
#include "init/netif.h"
#include "init/ns.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/places.h"
#include "lib/text.h"

#define RUN_ETC LANDBRIDGE_RUN "/etc"
#define ZONES "/usr/share/zoneinfo"
#define GENERATED \
	"# Made by Landbridge for this run. To keep your own file, put into /etc/wsl.conf:\n"

void hostname_clean(char out[HOSTNAME_SIZE], const char *text)
{
	size_t len = 0;

	for (; *text && len < HOSTNAME_SIZE - 1; text++) {
		char before = len > 0 ? out[len - 1] : '.';

		if (ascii_is_alnum(*text) || (*text == '-' && before != '.') ||
		    (*text == '.' && before != '.' && before != '-'))
			out[len++] = *text;
	}
	while (len > 0 && !ascii_is_alnum(out[len - 1]))
		len--;
	out[len] = '\0';
	if (len == 0)
		fmt(out, HOSTNAME_SIZE, "localhost");
}

size_t hosts_text(char *out, size_t size, const char *hostname, const char *host)
{
	return fmt(out, size,
		   "%s# [network]\n# generateHosts = false\n"
		   "127.0.0.1\tlocalhost\n"
		   "127.0.1.1\t%s.localdomain\t%s\n"
		   "::1\tip6-localhost ip6-loopback\n"
		   "fe00::0\tip6-localnet\n"
		   "ff00::0\tip6-mcastprefix\n"
		   "ff02::1\tip6-allnodes\n"
		   "ff02::2\tip6-allrouters\n"
		   "%s%s",
		   GENERATED, hostname, hostname, host ? host : "",
		   host ? "\thost.landbridge\n" : "");
}

static const char *name_wanted(const struct distro *d, char *buf, size_t size)
{
	ssize_t len;

	if (d->settings.hostname)
		return d->settings.hostname;
	if (d->settings.name)
		return d->settings.name;
	len = file_read("/etc/hostname", buf, size);
	if (len <= 0)
		return "localhost";
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

/* `text`, in `file`, is what is at `path` for the run. */
static int file_put(struct distro *d, const char *path, const char *file, const char *text)
{
	int err = file_create(file, text, 0644);

	return err < 0 ? err : cover_file(&d->covers, path, file, COVER_FILE);
}

int step_hostname(struct distro *d)
{
	char buf[256], name[HOSTNAME_SIZE];
	int err;

	if (d->boot->form == BOOT_CONTAINER && ns_is_first(NS_UTS)) {
		boot_note(d->boot, "%s", "the host name is the host's; left alone");
		return 0;
	}
	hostname_clean(name, name_wanted(d, buf, sizeof(buf)));
	if (sethostname(name, strlen(name)) < 0)
		return boot_unable(d->boot, -errno, "set the host name to %s", name);
	if (setdomainname("localdomain", 11) < 0)
		boot_note(d->boot, "no domain name: %s", strerror(errno));
	fmt(buf, sizeof(buf), "%s\n", name);
	err = dir_make(RUN_ETC, 0755);
	if (err == 0 && access("/etc", F_OK) == 0)
		err = file_put(d, "/etc/hostname", RUN_ETC "/hostname", buf);
	return err < 0 ? boot_unable(d->boot, err, "mount /etc/hostname") : 0;
}

static int hosts_put(struct distro *d)
{
	char text[512 + 3 * HOSTNAME_SIZE];
	struct utsname u;

	uname(&u);
	hosts_text(text, sizeof(text), u.nodename, d->settings.host);
	return file_put(d, "/etc/hosts", RUN_ETC "/hosts", text);
}

static bool is_leased(const struct distro *d)
{
	char name[IF_NAMESIZE];

	return net_is_leased(&d->machine->settings) && netif_first(NETIF_TOP, name);
}

static int resolv_put(struct distro *d)
{
	const char *dns = d->settings.dns;
	char text[512];

	/* A lease brings its own, later. */
	fmt(text, sizeof(text), "%s# [network]\n# generateResolvConf = false\n%s%s%s", GENERATED,
	    dns ? "nameserver " : "", dns ? dns : "", dns ? "\n" : "");
	return file_put(d, "/etc/resolv.conf", LANDBRIDGE_RESOLV_CONF, text);
}

/* The host's time zone, where the image knows it. */
static int timezone_put(struct distro *d)
{
	const char *zone = d->settings.timezone;
	char path[128], text[96];
	int err;

	if (strstr(zone, "..") || fmt(path, sizeof(path), ZONES "/%s", zone) >= sizeof(path) ||
	    access(path, R_OK) < 0)
		return 0;
	fmt(text, sizeof(text), "%s\n", zone);
	err = cover_file(&d->covers, "/etc/localtime", path, COVER_NAME);
	return err < 0 ? err : file_put(d, "/etc/timezone", RUN_ETC "/timezone", text);
}

/* By what some tools know WSL. uname(2) stays the kernel's own. */
static int wsl_put(struct distro *d)
{
	char text[256];
	struct utsname u;
	size_t skip = strlen("Linux version ");
	int err;

	uname(&u);
	fmt(text, sizeof(text), "Linux version %s-microsoft-standard-WSL2\n", u.release);
	err = file_put(d, "/proc/version", RUN_ETC "/version", text);
	return err < 0 ? err
		       : file_put(d, "/proc/sys/kernel/osrelease", RUN_ETC "/osrelease",
				  text + skip);
}

/* One that cannot be had does not keep the other from being made. */
int step_etc(struct distro *d)
{
	int err = dir_make(RUN_ETC, 0755), failed = 0;

	if (err < 0)
		return boot_unable(d->boot, err, "make " RUN_ETC);
	if (d->settings.looks_like_wsl && (err = wsl_put(d)) < 0)
		failed = boot_unable(d->boot, err, "look like WSL");
	if (access("/etc", F_OK) < 0)
		return failed; /* an image without names */
	if (d->settings.host_timezone && d->settings.timezone && (err = timezone_put(d)) < 0)
		failed = boot_unable(d->boot, err, "mount /etc/localtime");
	if (d->settings.generate_hosts && (err = hosts_put(d)) < 0)
		failed = boot_unable(d->boot, err, "mount /etc/hosts");
	if (d->settings.generate_resolv_conf && (d->settings.dns || is_leased(d)) &&
	    (err = resolv_put(d)) < 0)
		failed = boot_unable(d->boot, err, "mount /etc/resolv.conf");
	return failed;
}
