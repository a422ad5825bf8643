/* owners.h: DrvFs's owners and modes over a tree that has none for its clients.
 *
 * A drive of the host is served as one user, whose files are the host's; the guest
 * has users of its own. This tree wraps another one (it takes the place of its
 * operations) and says whose a file is in the guest, as WSL's drives do. Who may do
 * what with it the guest's kernel decides by that; whether it can be done, the host's
 * by the user who serves.
 *
 * A client says how in the aname of Tattach, in words between commas (or semicolons,
 * as WSL has them there), of which a later one wins over an earlier:
 *     uid=N gid=N        whose files are; default 0
 *     umask=M            bits that no file shows, octal, at most 777; default 0
 *     fmask=M dmask=M    besides, of what is no directory, and of directories
 *     metadata           owner, mode and device of a file are what the guest makes them
 *     case=off           a name that is not there stands for one that differs in case
 *     case=dir, =force   names are as the host has them; what is not said is the
 *                        drive's own (struct owners_config)
 * All Tattach of a connection must say the same: -EINVAL, as for any other word.
 *
 * Without metadata, as on DrvFs: mode 0777 without the masks, and without the write
 * bits where the host's file has none for the server's user (of another's file: none
 * for group and others); symbolic links 0777. chmod without any write bit takes the
 * file's write bits on the host away, with one it gives the user's; the rest of the
 * mode is nobody's. chown to what is shown does nothing, to others it is EPERM.
 * Devices cannot be made (EPERM).
 *
 * With metadata, of regular files and directories, and of devices: an empty file of the
 * host each. They are kept in one extended attribute of the host's file:
 *
 *     user.landbridge.meta    24 bytes, little-endian
 *     0       1      2       4      8      12     16      20
 *     +-------+------+-------+------+------+------+-------+-------+
 *     | ver 1 | have | zero  | uid  | gid  | mode | major | minor |
 *     | u8    | u8   | u16   | u32  | u32  | u32  | u32   | u32   |
 *     +-------+------+-------+------+------+------+-------+-------+
 *     have: 1 uid, 2 gid, 4 mode (07777), 8 a device: mode has its type, too;
 *     what is not there, and all of a file without it or with another one, is as
 *     without metadata
 *
 * A new file is of the uid that Tattach names, and the gid of the request; where either
 * is P9_NOUID, of those of the options. Links, pipes and sockets can have no such
 * attribute (xattr(7)): their owners are those of the options, their modes the host's.
 *
 * On the host a new file has the mode that was asked for without set-id and sticky
 * bits, and is always its user's to read and, unless it was to be read-only without
 * metadata, to write.
 *
 * Extended attributes: "user.", but what begins with "user.landbridge." is not there
 * for clients; the other kinds are EOPNOTSUPP, POSIX ACLs among them.
 *
 * Names with characters that Windows does not know (" * : < > ? \ |, 1 to 31) and with
 * dots and spaces at the end are, on a host like Linux, names like others. WSL's way to
 * keep them on NTFS, as U+F000 and the character, is for hosts that must.
 *
 * case=off compares as lib/fold.h says. A name that is there as it is given always wins;
 * of several others any that is no symbolic link. What makes a name finds that it exists
 * (EEXIST) or opens it; listings have the host's spelling. Names cost a look through the
 * directory where they are not there as given: also those that are nowhere, and new ones.
 * For clients that keep names: "a" and "A" may be one file, and "A" is there as soon as
 * "a" is made, and gone with it.
 */
#ifndef LANDBRIDGE_P9D_OWNERS_H
#define LANDBRIDGE_P9D_OWNERS_H

#include <pthread.h>

#include "p9d/filetree.h"

struct owners_options {
	uint32_t uid, gid;
	uint32_t umask, fmask, dmask;
	bool metadata;
	bool folds; /* case=off */
};

/* Reads the words over what is in *o already. 0, or -EINVAL: then *wrong is the word,
 * of *len bytes. Pure. */
int owners_parse(struct owners_options *o, const char *words, const char **wrong, size_t *len);

#define OWNERS_META "user.landbridge.meta"
#define OWNERS_META_SIZE 24

enum owners_have { OWNERS_UID = 1, OWNERS_GID = 2, OWNERS_MODE = 4, OWNERS_DEVICE = 8 };

struct owners_meta {
	uint8_t have; /* enum owners_have */
	uint32_t uid, gid, mode, major, minor;
};

/* False, and *meta has nothing: it is not one of ours. Pure. */
bool owners_meta_decode(struct owners_meta *meta, const void *data, size_t len);
void owners_meta_encode(uint8_t out[OWNERS_META_SIZE], const struct owners_meta *meta);

/* Whether clients may use an extended attribute of this name. Pure. */
bool owners_xattr_may(const char *name);

struct owners_config {
	bool folds;      /* where the client says nothing of case */
	uint32_t server; /* uid of the user who serves */
};

#define OWNERS_WORDS_MAX 256

struct owners {
	struct owners_config config;
	const struct tree_ops *below; /* of the tree that is wrapped */
	struct tree_ops ops;
	pthread_mutex_t lock; /* for what comes with the first Tattach: */
	bool attached;
	char words[OWNERS_WORDS_MAX];
	struct owners_options options;
};

/* From here on `tree` is this one. */
void owners_wrap(struct owners *o, struct filetree *tree, const struct owners_config *config);

#endif
