/* program.c: the file that is to be run on the host. */
#include "interop/guest/program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binfmt/binfmt.h"
#include "lib/fd.h"
#include "lib/fmt.h"

/* Batch files have no header; the host has its own rules for them. */
static bool is_batch(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && (strcasecmp(dot, ".bat") == 0 || strcasecmp(dot, ".cmd") == 0);
}

static int program_look(struct program *program, int fd)
{
	unsigned char head[PE_HEAD];
	struct stat st;
	struct pe pe;
	ssize_t len;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	len = fd_read_full(fd, head, sizeof(head));
	if (len < 0)
		return (int)len;
	program->refusal = pe_refusal(pe_read(&pe, head, (size_t)len));
	program->gui = pe.subsystem == PE_SUBSYSTEM_GUI;
	if (is_batch(program->path))
		program->refusal = NULL;
	return 0;
}

int program_open(struct program *program, const char *path)
{
	int fd, error = path_real(path, program->path, sizeof(program->path));

	if (error < 0)
		return error;
	fd = open(program->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	error = program_look(program, fd);
	close(fd);
	return error;
}

static int open_either(struct program *program, const char *path)
{
	char longer[PATH_MAX];
	int error = program_open(program, path);

	if (error != -ENOENT || fmt(longer, sizeof(longer), "%s.exe", path) >= sizeof(longer))
		return error;
	return program_open(program, longer);
}

/* In PATH the Linux programs come first, so those of the host must be told
 * from them: it goes on until it finds one that can be run. */
int program_find(struct program *program, const char *name, const char *path)
{
	char file[PATH_MAX];
	int error = -ENOENT;

	if (strchr(name, '/'))
		return open_either(program, name);
	while (path && *name) {
		const char *end = strchrnul(path, ':');
		int dir = (int)(end - path);

		if (fmt(file, sizeof(file), "%.*s/%s", dir, dir ? path : ".", name) <
		    sizeof(file)) {
			int found = open_either(program, file);

			if (found == 0 && !program->refusal)
				return 0;
			if (found < 0 && found != -ENOTDIR && error == -ENOENT)
				error = found;
		}
		path = *end ? end + 1 : NULL;
	}
	return error;
}
