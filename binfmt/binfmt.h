/* binfmt.h: the kernel runs .exe files through /init, and what an .exe is.
 *
 * Sources: the kernel's admin-guide/binfmt-misc; Microsoft's "PE Format";
 * binfmt.d(5).
 */
#ifndef LANDBRIDGE_BINFMT_H
#define LANDBRIDGE_BINFMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* --- PE headers: pure ------------------------------------------------------ */

enum {
	PE_HEAD = 4096, /* read that many bytes of the file for pe_read */
	PE_SUBSYSTEM_GUI = 2,
};

enum pe_kind {
	PE_PROGRAM,   /* a Windows program: machine and subsystem are set */
	PE_NOT_MZ,    /* does not begin with MZ */
	PE_DOS,       /* MZ without a PE header: a DOS program */
	PE_OLD,       /* NE, LE or LX: Windows 3, OS/2 */
	PE_EFI,       /* subsystems 10-13: for firmware, not for Windows */
	PE_LIBRARY,   /* a DLL */
	PE_APE,       /* MZqFpD: runs on Linux by itself (and on Windows when
			 machine is not 0) */
	PE_TRUNCATED, /* the file ends inside its headers */
	PE_FAR,       /* headers lie behind the bytes given: ask the host */
};

struct pe {
	uint16_t machine;   /* 0x8664 x86-64, 0x14c x86, 0xaa64 arm64; 0: not known */
	uint16_t subsystem; /* 2 GUI, 3 console, ...; 0: not known */
};

/* `head` is the file's first `len` bytes: PE_HEAD of them unless the file is
 * shorter. *pe is always filled in. */
enum pe_kind pe_read(struct pe *pe, const void *head, size_t len);

/* Why a file of this kind is not run, as the end of a line: "is a DOS program,
 * ...". PE_PROGRAM and PE_FAR: NULL. */
const char *pe_refusal(enum pe_kind kind);

/* --- What the handlers take in besides: pure ---------------------------------- */

/* The first line of a script, as execve(2) has it: "#!/bin/sh -e" gives the
 * interpreter and, as one word whatever is in it, the argument (NULL: none). `line` is
 * the file's beginning, NUL-terminated, at most SCRIPT_LINE - 1 bytes of it, and is
 * written to. False: it is none that Linux would run. */
enum { SCRIPT_LINE = 256 };
bool script_line(char *line, const char **interpreter, const char **arg);

/* --- The handler ------------------------------------------------------------ */

enum { BINFMT_OTHER = 64 };
#define BINFMT_DIR "/proc/sys/fs/binfmt_misc"
#define BINFMT_NAME "WSLInterop" /* tools made for WSL look for this name */
#define BINFMT_CONF_DIR "/run/binfmt.d"
#define BINFMT_CONF "zz-WSLInterop.conf" /* the last one in order is matched first */

/* Makes the entry  :WSLInterop:M::MZ::INTERPRETER:PF  (F alone before Linux 5.12),
 * and landbridge-bat, -cmd, -BAT and -CMD for these extensions,
 * be there and enabled, in `dir` (BINFMT_DIR); a
 * disabled or different one is replaced. Never touches other entries or the
 * switch for all. The kernel opens the interpreter now (F) and takes the
 * newest entry that matches, so call this again after replacing /init or
 * after another handler for MZ was registered: `renew` makes a new entry in any
 * case. 0, or negative errno: -ENOENT: no binfmt_misc there, or no
 * interpreter; -EINVAL: the kernel refused the line; -EPERM, -EACCES. */
int binfmt_register(const char *dir, const char *interpreter, int renew);

/* How it is with the entry for MZ files. */
enum binfmt_state {
	BINFMT_FIRST,   /* there, enabled, and the one that the kernel takes */
	BINFMT_OFF,     /* somebody switched it, or all entries, off */
	BINFMT_MISSING, /* not there, or not as we make it */
	BINFMT_BEHIND,  /* another one that takes .exe files is newer */
};

/* Looks at `dir`: an enum binfmt_state or negative errno. No heap. The name of the
 * one that is newer goes to `other`, if that is not NULL. */
int binfmt_look(const char *dir, const char *interpreter, char other[BINFMT_OTHER]);

/* Whether an entry, as the kernel shows it, would take whatever is a Windows program:
 * by extension, or by a magic that says no more than MZ. One that says more, as APE's
 * does, has its own files only. Pure. */
bool binfmt_takes_exe(const char *entry);

/* The text of BINFMT_CONF, from which systemd-binfmt(8) makes the entry again
 * after it has flushed all. Returns its length; -ENAMETOOLONG. */
ssize_t binfmt_conf(char *out, size_t size, const char *interpreter);

/* Writes that text to the file `name` in the folder `dir`, which is made where
 * it is missing. 0 or negative errno. */
int binfmt_conf_write(const char *dir, const char *name, const char *interpreter);

#endif
