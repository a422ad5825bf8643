/* program.c: the file that is to be run on the host. */
#include "interop/guest/program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binfmt/binfmt.h"
#include "lib/dirs.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/macros.h"
#include "lib/places.h"

/* What a name may lack, in the order of Windows' PATHEXT, as far as there is
 * something to run it with. */
#if CFG_SCRIPTS
static const char extensions[][5] = { "", ".com", ".exe", ".bat", ".cmd", ".ps1" };
#else
static const char extensions[][5] = { "", ".exe" };
#endif

/* Scripts have no header; the host has its own rules for them. */
static bool is_script(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && (strcasecmp(dot, ".bat") == 0 || strcasecmp(dot, ".cmd") == 0 ||
		       (CFG_SCRIPTS && strcasecmp(dot, ".ps1") == 0));
}

static enum program_kind kind_of(const char *head, enum pe_kind kind)
{
	if (kind == PE_APE)
		return PROGRAM_APE;
	if (memcmp(head, "#!", 2) == 0)
		return PROGRAM_SCRIPT;
	return memcmp(head, "\177ELF", 4) == 0 ? PROGRAM_ELF : PROGRAM_OF_HOST;
}

static int program_look(struct program *program, int fd)
{
	char head[PE_HEAD + 1] = "";
	enum pe_kind kind;
	struct stat st;
	struct pe pe;
	ssize_t len;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	len = fd_read_full(fd, head, PE_HEAD);
	if (len < 0)
		return (int)len;
	kind = pe_read(&pe, head, (size_t)len);
	program->refusal = pe_refusal(kind);
	program->gui = pe.subsystem == PE_SUBSYSTEM_GUI;
	if (CFG_SCRIPTS) {
		program->kind = kind_of(head, kind);
		fmt(program->line, sizeof(program->line), "%s", head);
	}
	if (is_script(program->path))
		program->refusal = NULL;
	return 0;
}

/* A shim is a name alone (init/shims.h): the program is where its link leads. */
static int program_locate(struct program *program, const char *path)
{
	static const char bin[] = LANDBRIDGE_SHIMS "/";
	int error = path_real(path, program->path, sizeof(program->path));
	char link[PATH_MAX];

	program->shim =
		CFG_SHIMS && error == 0 && strncmp(program->path, bin, sizeof(bin) - 1) == 0;
	if (!program->shim)
		return error;
	fmt(link, sizeof(link), LANDBRIDGE_SHIMS_TO "/%s", program->path + sizeof(bin) - 1);
	return path_real(link, program->path, sizeof(program->path));
}

int program_open(struct program *program, const char *path)
{
	int fd, error = program_locate(program, path);

	if (error < 0)
		return error;
	fd = open(program->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	error = program_look(program, fd);
	close(fd);
	return error;
}

/* --- finding it ------------------------------------------------------------------ */

/* The first of the names that can be run; where none can, what is to be said of
 * the first that is there. */
static int open_any(struct program *program, const char *path)
{
	char longer[PATH_MAX];
	int error = -ENOENT;

	for (size_t i = 0; i < array_len(extensions); i++) {
		int found = -ENAMETOOLONG;

		if (fmt(longer, sizeof(longer), "%s%s", path, extensions[i]) < sizeof(longer))
			found = program_open(program, longer);
		if ((found == 0 && !program->refusal) || (!CFG_SCRIPTS && found != -ENOENT))
			return found;
		if (CFG_SCRIPTS && error == -ENOENT)
			error = found == 0 ? -ENOEXEC : found;
	}
	return error == -ENOEXEC ? program_open(program, path) : error;
}

/* A directory's entry that is `name` but for its case and what it lacks. */
struct folded {
	struct dir_walk walk;
	const char *name;
	size_t best; /* of extensions; their number: none yet */
	char entry[NAME_MAX + 1];
};

static bool folded_each(struct dir_walk *walk, int dir, const char *entry)
{
	struct folded *f = container_of(walk, struct folded, walk);
	size_t len = strlen(f->name);

	(void)dir;
	if (strncasecmp(entry, f->name, len) != 0)
		return true;
	for (size_t i = 0; i < f->best; i++)
		if (strcasecmp(entry + len, extensions[i]) == 0) {
			f->best = i;
			fmt(f->entry, sizeof(f->entry), "%s", entry);
		}
	return f->best > 0;
}

static int open_folded(struct program *program, const char *path, const struct mounts *mounts)
{
	const char *slash = strrchr(path, '/');
	struct folded f = { .walk = { folded_each },
			    .name = slash ? slash + 1 : path,
			    .best = array_len(extensions) };
	char dir[PATH_MAX], file[PATH_MAX];
	const struct mount *mount;

	if (fmt(file, sizeof(file), "%.*s/.", (int)(slash ? slash - path : 0), path) >=
		    sizeof(file) ||
	    path_real(slash ? file : ".", dir, sizeof(dir)) < 0)
		return -ENOENT;
	mount = mounts_find(mounts, dir);
	if (!*f.name || !((mount && mount->drive) || strcmp(dir, LANDBRIDGE_SHIMS) == 0) ||
	    dir_each_path(dir, &f.walk) < 0 || !f.entry[0])
		return -ENOENT;
	return fmt(file, sizeof(file), "%s/%s", dir, f.entry) < sizeof(file)
		       ? program_open(program, file)
		       : -ENAMETOOLONG;
}

static int open_either(struct program *program, const char *path, const struct mounts *mounts)
{
	return mounts ? open_folded(program, path, mounts) : open_any(program, path);
}

/* In PATH the Linux programs come first, so those of the host must be told
 * from them: it goes on until it finds one that can be run. */
static int path_search(struct program *program, const char *name, const char *path,
		       const struct mounts *mounts)
{
	char file[PATH_MAX];
	int error = -ENOENT;

	while (path && *name) {
		const char *end = strchrnul(path, ':');
		int dir = (int)(end - path);

		if (fmt(file, sizeof(file), "%.*s/%s", dir ? dir : 1, dir ? path : ".", name) <
		    sizeof(file)) {
			int found = open_either(program, file, mounts);

			if (found == 0 && !program->refusal)
				return 0;
			if (found < 0 && found != -ENOTDIR && error == -ENOENT)
				error = found;
		}
		path = *end ? end + 1 : NULL;
	}
	return error;
}

static int find_either(struct program *program, const char *name, const char *path,
		       const struct mounts *mounts)
{
	return strchr(name, '/') ? open_either(program, name, mounts)
				 : path_search(program, name, path, mounts);
}

int program_find(struct program *program, const char *name, const char *path,
		 const struct mounts *mounts)
{
	int error = find_either(program, name, path, NULL);

	return CFG_SCRIPTS && mounts && error == -ENOENT ? find_either(program, name, path, mounts)
							 : error;
}
