/* pathconv.h: /mnt/c/x <-> C:\x, PATH lists and WSLENV, from the mount table.
 *
 * Pure (except what is at the end, from drives_offered on): no system calls, no
 * allocation, no state. Text is bytes, meant to be UTF-8; what is not UTF-8
 * passes unchanged. Paths need not exist; symbolic links are never followed
 * (call realpath(3) first where that matters).
 *
 * Converters write a NUL-terminated string into the caller's buffer and return
 * its length, or a negative errno; after an error the buffer's content means
 * nothing. Input and output must not overlap. PATH_MAX bytes are enough for a
 * Linux path, PATH_WINDOWS_MAX for the Windows form of one that Linux can
 * open. A path of PATH_MAX bytes or more is refused. The errors:
 *     -EINVAL        an empty path, or one with no meaning
 *     -ENAMETOOLONG  the path is too long, or the result does not fit
 *     -EXDEV         no such drive, share or guest is mounted (visibly) here
 *     -ENOENT        a relative path that needs the current directory, and
 *                    there is none (it was deleted)
 *
 * Sources: proc_pid_mountinfo(5); Microsoft's "Naming Files, Paths, and
 * Namespaces" and "Share environment vars between WSL and Windows".
 */
#ifndef LANDBRIDGE_PATHCONV_H
#define LANDBRIDGE_PATHCONV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One mount. The strings lie in the text given to mounts_parse. */
struct mount {
	int id, parent;
	const char *point; /* where it is mounted */
	const char *root;  /* the part of its file system mounted there, "/" for all */
	const char *drive; /* what the file system's root is on the host, slashes
			      forward, none at the end: "C:", "C:/dir",
			      "//server/share"; NULL: not a drive of the host */
	const char *fuse;  /* which file system of a process's it is, of whatever kind:
			      the number of its device, "0:45"; NULL: none of those */
};

struct mounts {
	struct mount *at; /* the caller's array, in the order of the text */
	size_t count;
	size_t size;  /* elements at `at` */
	void *memory; /* mounts_load's own */
};

/* Reads the text of /proc/PID/mountinfo, `len` bytes, into mounts->at (set
 * `at` and `size` before). Rewrites the text in place; it must live as long
 * as the table. Malformed lines are skipped. A drive is a mount of type 9p,
 * virtiofs, drvfs, or fuse[.*] if root's (user_id=0), whose source is a drive or
 * a share, or whose options carry WSL's aname=drvfs;path=C:\... . Returns 0, or
 * -ENOSPC when there are more than `size` mounts (mounts_lines says how many
 * are enough). */
int mounts_parse(struct mounts *mounts, char *text, size_t len);
size_t mounts_lines(const char *text, size_t len);

/* The mount on which an absolute path lies, by the tree of mounts and not by
 * their order: what is mounted over something else hides it. NULL: none. */
const struct mount *mounts_find(const struct mounts *mounts, const char *path);

/* What the converters need to know of their surroundings. */
struct pathconv {
	const struct mounts *mounts;
	const char *name; /* this guest's, as in \\wsl.localhost\NAME; NULL or "": no such paths */
	const char *cwd;  /* absolute path in the guest; NULL: not known */
};

enum { PATH_WINDOWS_MAX = 16 * 1024 };

enum path_flag {
	PATH_ABSOLUTE = 1, /* a relative path is taken from cwd; else it stays relative */
	PATH_FORWARD = 2,  /* to Windows: C:/x instead of C:\x */
};

/* Linux -> Windows. On a drive: drive, subtree, rest; elsewhere
 * \\wsl.localhost\NAME\... . `.` `..` and doubled slashes are resolved by
 * text; a slash at the end stays. Bytes 1-31 and " * : < > ? \ | and a dot or
 * space that ends a name become U+F000 + byte, as Windows can have none of
 * them (a name that already holds such a character shares its Windows form). */
ssize_t path_to_windows(const struct pathconv *pc, const char *path, unsigned flags, char *out,
			size_t size);

/* Windows -> Linux, the exact inverse. Understands either separator, C:\x,
 * \x (on the drive of cwd; -EXDEV when cwd is on none), C: (the drive), C:x
 * (from cwd when that is on C:, else from its root), \\?\C:\x, \\?\UNC\...,
 * \\server\share\x, \\wsl.localhost\NAME\x and \\wsl$\NAME\x, and relative
 * paths. Of several mounts of the same drive the one that shows the deepest
 * directory wins, then the latest; one that hides the path does not count. */
ssize_t path_to_linux(const struct pathconv *pc, const char *path, unsigned flags, char *out,
		      size_t size);

/* Lists: "C:\a;C:\b" <-> "/mnt/c/a:/mnt/c/b", in order. Left out: duplicates
 * (drives: without regard to ASCII case), relative and empty elements, what
 * cannot be converted, and what holds the other side's separator. Quotes
 * around a Windows element are taken off. Length 0: nothing was left.
 * -ENAMETOOLONG only when the whole list does not fit. */
ssize_t path_list_to_windows(const struct pathconv *pc, const char *list, char *out, size_t size);
ssize_t path_list_to_linux(const struct pathconv *pc, const char *list, char *out, size_t size);

/* One entry of WSLENV: NAME/flags. */
enum wslenv_flag {
	WSLENV_PATH = 1,       /* p: the value is one path */
	WSLENV_LIST = 2,       /* l: a list of paths (wins over p) */
	WSLENV_TO_LINUX = 4,   /* u: only from Windows to Linux */
	WSLENV_TO_WINDOWS = 8, /* w: only from Linux to Windows */
};

struct wslenv {
	const char *name; /* name_len bytes in place, not NUL-terminated */
	size_t name_len;
	unsigned flags; /* enum wslenv_flag */
	bool bad;       /* an unknown flag, a second '/', or no name: ignore the
			   entry; [name, name_len) is all of it, for a warning */
};

/* Walks WSLENV; *at starts at its text and moves on. Empty entries are
 * skipped. False at the end. */
bool wslenv_next(const char **at, struct wslenv *entry);
/* Whether the entry goes in this direction (u without w: only to Linux, and
 * so on; both or neither: both ways). A bad one goes nowhere. */
bool wslenv_goes(const struct wslenv *entry, enum wslenv_flag direction);

/* The value on Windows: unchanged without p and l. An empty or NULL
 * value is "" (which deletes the variable on Windows). A relative path stays
 * relative. Errors as above: drop the variable; -EXDEV too when nothing of a
 * list was left. */
ssize_t wslenv_to_windows(const struct pathconv *pc, const struct wslenv *entry, const char *value,
			  char *out, size_t size);

/* Drives that the hypervisor gives as virtio-9p tags, mounted or not: bit 0 is
 * A:. Asks the system; no heap. */
uint32_t drives_offered(void);

/* --- For programs (not PID 1): these make system calls. --------------------- */

/* The caller's own mount table from /proc/self/mountinfo, however long, on
 * the heap. 0 or negative errno; free with mounts_unload. */
int mounts_load(struct mounts *mounts);
void mounts_unload(struct mounts *mounts);

/* This guest's name: what its sessions have in WSL_DISTRO_NAME, else what PID 1 wrote
 * down, else the host name. In `buf`, or the environment. */
const char *guest_name(char *buf, size_t size);

/* What `wslpath -wa` says of a path here and now, links followed: its length or
 * negative errno, as above and of path_real (lib). Uses the heap. */
ssize_t path_to_windows_here(const char *path, char *out, size_t size);

/* wslpath [-a] [-u|-w|-m] PATH. Exit status 0, or 1 after one line on stderr. */
int wslpath_main(int argc, char **argv);

#endif
