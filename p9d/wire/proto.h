/* proto.h: the numbers of 9P2000.L and 9P2000.W. Sources: see wire.h. */
#ifndef LANDBRIDGE_P9D_WIRE_PROTO_H
#define LANDBRIDGE_P9D_WIRE_PROTO_H

#define P9_NOTAG 0xffffu
#define P9_NOFID 0xffffffffu
#define P9_NOUID 0xffffffffu
#define P9_NAMES_MAX 16
#define P9_NAME_MAX 255
#define P9_HEADER 7        /* size, type, tag */
#define P9_DATA_HEADER 11  /* an Rread or Rreaddir up to its data */
#define P9_WRITE_HEADER 23 /* a Twrite up to its data */
#define P9_IO_HEADER 24    /* what clients leave room for around data */
#define P9_MSIZE_MIN 4096
#define P9_MSIZE_MAX (1u << 20)

enum p9_type {
	P9_RLERROR = 7,
	P9_TSTATFS = 8,
	P9_TLOPEN = 12,
	P9_TLCREATE = 14,
	P9_TSYMLINK = 16,
	P9_TMKNOD = 18,
	P9_TRENAME = 20,
	P9_TREADLINK = 22,
	P9_TGETATTR = 24,
	P9_TSETATTR = 26,
	P9_TXATTRWALK = 30,
	P9_TXATTRCREATE = 32,
	P9_TREADDIR = 40,
	P9_TFSYNC = 50,
	P9_TLOCK = 52,
	P9_TGETLOCK = 54,
	P9_TLINK = 70,
	P9_TMKDIR = 72,
	P9_TRENAMEAT = 74,
	P9_TUNLINKAT = 76,
	P9_TVERSION = 100,
	P9_TAUTH = 102,
	P9_TATTACH = 104,
	P9_TFLUSH = 108,
	P9_TWALK = 110,
	P9_TREAD = 116,
	P9_TWRITE = 118,
	P9_TCLUNK = 120,
	P9_TREMOVE = 122,
	P9_TACCESS = 128,
	P9_TWREADDIR = 130,
	P9_TWOPEN = 132,
	/* Ours alone, in .W: */
	P9_TWSEEK = 134,     /* where data, or a hole, begins next */
	P9_TWRENAME = 136,   /* Trenameat with renameat2(2)'s flags */
	P9_TWWATCH = 138,    /* what others change; many replies come, with one tag */
	P9_TWLIST = 140,     /* a directory, with attributes and the bytes of small files */
	P9_TYPE_COUNT = 142, /* a reply's number is its request's plus one */
};

/* qid.type */
#define P9_QTDIR 0x80
#define P9_QTSYMLINK 0x02
#define P9_QTFILE 0x00
/* Ours alone, after Twwatch: see Rwwatch in wire.h. */
#define P9_QTKEPT 0x10

/* Tlopen and Tlcreate flags: the kernel's asm-generic numbers, on any CPU. */
#define P9_O_ACCMODE 03u
#define P9_O_RDONLY 00u
#define P9_O_WRONLY 01u
#define P9_O_RDWR 02u
#define P9_O_CREAT 0100u
#define P9_O_EXCL 0200u
#define P9_O_TRUNC 01000u
#define P9_O_APPEND 02000u
#define P9_O_DSYNC 010000u
#define P9_O_DIRECTORY 0200000u
#define P9_O_NOFOLLOW 0400000u
#define P9_O_NOATIME 01000000u
#define P9_O_SYNC 04000000u

/* Tgetattr mask and Rgetattr valid */
#define P9_ATTR_BASIC 0x7ffu
#define P9_ATTR_BTIME 0x800u
/* Tsetattr valid */
#define P9_SET_MODE 0x001u
#define P9_SET_UID 0x002u
#define P9_SET_GID 0x004u
#define P9_SET_SIZE 0x008u
#define P9_SET_ATIME 0x010u
#define P9_SET_MTIME 0x020u
#define P9_SET_CTIME 0x040u
#define P9_SET_ATIME_SET 0x080u
#define P9_SET_MTIME_SET 0x100u
#define P9_SET_ALL 0x1ffu

#define P9_REMOVEDIR 0x200u /* Tunlinkat */
enum p9_lock_type { P9_LOCK_READ = 0, P9_LOCK_WRITE = 1, P9_LOCK_NONE = 2 };
enum p9_lock_status { P9_LOCK_OK = 0, P9_LOCK_BLOCKED = 1, P9_LOCK_ERROR = 2 };
#define P9_LOCK_FLAG_BLOCK 1u
#define P9_LOCK_FLAG_FLOCK 4u /* ours alone: flock(2)'s of the whole file, not fcntl(2)'s */
/* Twseek */
#define P9_SEEK_DATA 3u
#define P9_SEEK_HOLE 4u
/* Twrename */
#define P9_RENAME_NOREPLACE 1u
#define P9_RENAME_EXCHANGE 2u
/* Taccess */
#define P9_ACCESS_EXEC 1u
#define P9_ACCESS_WRITE 2u
#define P9_ACCESS_READ 4u
#define P9_ACCESS_DELETE 8u
/* Rwwatch */
#define P9_CHANGE_CREATE 0x001u
#define P9_CHANGE_DELETE 0x002u
#define P9_CHANGE_MOVED_FROM 0x004u
#define P9_CHANGE_MOVED_TO 0x008u
#define P9_CHANGE_MODIFY 0x010u
#define P9_CHANGE_ATTRIB 0x020u
#define P9_CHANGE_CLOSE_WRITE 0x040u
#define P9_CHANGE_IS_DIR 0x080u
#define P9_CHANGE_ALL 0x100u /* of everything; some were lost */
/* Rwlist */
#define P9_LIST_END 1u          /* flags: nothing comes after these entries */
#define P9_NO_BYTES 0xffffffffu /* of an entry: ask for them */
/* Twopen */
#define P9_WOPEN_DELETE 1u  /* the right to delete is wanted too */
#define P9_WOPEN_NOT_DIR 2u /* a directory is an error */
#define P9_WOPEN_LINK 4u    /* a symbolic link at the end is opened itself */
/* Ours alone: the mode is as it is to be, without a umask of the server's. */
#define P9_WOPEN_MODE 0x80000000u
/* Ours alone: a link's target is not asked for, and the link not read for it. */
#define P9_WOPEN_NO_TARGET 0x40000000u
#define P9_WOPEN_ATTR_ONLY 3u /* access mode: attributes only, no real open */
enum p9_wopen_status {
	P9_WOPEN_OPENED,
	P9_WOPEN_CREATED,
	P9_WOPEN_NO_PARENT,
	P9_WOPEN_NO_LEAF,
	P9_WOPEN_STOPPED, /* at a symbolic link (target given) or a non-directory */
};

#endif
