/* posix_mounts.c: asks the mount table, once for each device. */
#include "p9d/posix_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/macros.h"
#include "lib/mountinfo.h"

#define TABLE "/proc/self/mountinfo"

int fs_mounts_init(struct posix_mounts *m)
{
	*m = (struct posix_mounts){ .table = open(TABLE, O_RDONLY | O_CLOEXEC) };
	pthread_mutex_init(&m->lock, NULL);
	return m->table < 0 ? -errno : 0;
}

void fs_mounts_fini(struct posix_mounts *m)
{
	if (m->table >= 0)
		pthread_mutex_destroy(&m->lock);
	fd_close(&m->table);
}

/* Behind " - " of a line comes the type. */
static bool line_has_type(const char *line, const char *end, const char *type)
{
	const char *at = memmem(line, (size_t)(end - line), " - ", 3);

	return at && (size_t)(end - at) > 3 + strlen(type) &&
	       memcmp(at + 3, type, strlen(type)) == 0 && at[3 + strlen(type)] == ' ';
}

static bool line_is_drive(const char *line, const char *end)
{
	static const char types[][12] = { "9p", "virtiofs", "fuse.drvfs" };

	for (size_t i = 0; i < array_len(types); i++)
		if (line_has_type(line, end, types[i]))
			return true;
	return false;
}

bool fs_mounts_text_hosts(const char *text, dev_t dev)
{
	char want[32];

	fmt(want, sizeof(want), " %u:%u ", major(dev), minor(dev));
	while (*text) {
		const char *end = strchrnul(text, '\n');
		const char *hit = memmem(text, (size_t)(end - text), want, strlen(want));

		if (hit && line_is_drive(hit, end))
			return true;
		text = *end ? end + 1 : end;
	}
	return false;
}

/* False: the table could not be read to its end, and *hosts is the safe answer. */
static bool read_table(dev_t dev, bool *hosts)
{
	struct mountinfo m;
	char *line;
	size_t len;
	int more = mountinfo_open(&m);

	*hosts = false;
	while (more >= 0 && (more = mountinfo_next(&m, &line, &len)) == 1)
		*hosts = *hosts || fs_mounts_text_hosts(line, dev);
	mountinfo_close(&m);
	*hosts = *hosts || more < 0;
	return more == 0;
}

/* Device numbers are used again: after a change nothing is known any more. */
static void forget_old(struct posix_mounts *m)
{
	struct pollfd p = { .fd = m->table, .events = POLLPRI };

	if (poll(&p, 1, 0) != 0 || m->count == POSIX_MOUNTS_KNOWN)
		m->count = 0;
}

bool fs_mounts_hosts(struct posix_mounts *m, dev_t dev)
{
	bool hosts = false;
	unsigned i = 0;

	pthread_mutex_lock(&m->lock);
	forget_old(m);
	while (i < m->count && m->known[i].dev != dev)
		i++;
	if (i < m->count) {
		hosts = m->known[i].hosts;
	} else if (read_table(dev, &hosts)) {
		m->known[i].dev = dev;
		m->known[i].hosts = hosts;
		m->count++;
	}
	pthread_mutex_unlock(&m->lock);
	return hosts;
}
