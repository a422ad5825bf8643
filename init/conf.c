/* conf.c: the boot steps that read the settings, and say what is wrong in them. */
#include "init/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "init/distro.h"
#include "init/machine.h"
#include "lib/fd.h"

int step_cmdline(struct machine *m)
{
	struct settings_text *text = m->text;
	ssize_t len = file_read("/proc/cmdline", text->cmdline, sizeof(text->cmdline));
	const char *bad;

	if (len < 0)
		return boot_unable(m->boot, (int)len, "read /proc/cmdline");
	bad = settings_cmdline(&m->settings, text->cmdline);
	if (bad)
		boot_warn(m->boot, "%s: no such setting, or a value it cannot have; ignored", bad);
	return 0;
}

static void complain(void *ctx, unsigned line, const char *why, const char *what)
{
	struct boot *b = ctx;

	boot_warn(b, "/etc/wsl.conf:%u: %s%s%s; the line is ignored", line, what, *what ? ": " : "",
		  why);
}

/* For sessions. */
static int copy_put(const char *text, size_t len)
{
	int fd = open(SETTINGS_COPY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int err = fd < 0 ? -errno : fd_write_all(fd, text, len);

	fd_close(&fd);
	return err;
}

int step_settings(struct distro *d)
{
	struct settings_complaint c = { complain, d->boot, NULL };
	struct settings_text *text = d->machine->text;
	bool cut = false;
	int err;
	ssize_t len = settings_text_read(text, "/etc/wsl.conf", &cut);

	d->settings = d->machine->settings;
	if (len == -ENOENT) {
		unlink(SETTINGS_COPY); /* a container's /run may be older than it */
		return 0;
	}
	if (len < 0)
		return boot_unable(d->boot, (int)len, "read /etc/wsl.conf");
	if (cut)
		boot_warn(d->boot, "/etc/wsl.conf is longer than %zu KiB: only that much counts",
			  sizeof(text->conf) / 1024);
	err = copy_put(text->conf, (size_t)len);
	settings_conf(&d->settings, text->conf, (size_t)len, &c);
	return err < 0 ? boot_unable(d->boot, err, "copy it to " SETTINGS_COPY) : 0;
}
