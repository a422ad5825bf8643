/* pe.c: what kind of program a file that begins with MZ is. */
#include <string.h>

#include "binfmt/binfmt.h"
#include "lib/bytes.h"

/* Offsets in the DOS header and, from its signature on, the PE header. */
enum {
	DOS_HEADER = 0x40,
	DOS_RELOCATIONS = 0x18, /* 0x40 and up: a newer header follows, by custom */
	DOS_NEW_HEADER = 0x3c,
	PE_MACHINE = 4,
	PE_CHARACTERISTICS = 22,
	PE_SUBSYSTEM = 24 + 68, /* the same in PE32 and PE32+ */
	PE_WANTED = PE_SUBSYSTEM + 2,
};

enum { FILE_DLL = 0x2000, EFI_FIRST = 10, EFI_LAST = 13 };

static uint16_t u16_at(const uint8_t *head, size_t len, size_t offset)
{
	struct reader r;

	reader_init(&r, head, len);
	read_bytes(&r, offset);
	return read_u16(&r);
}

static uint32_t u32_at(const uint8_t *head, size_t len, size_t offset)
{
	struct reader r;

	reader_init(&r, head, len);
	read_bytes(&r, offset);
	return read_u32(&r);
}

/* The bytes given end before the header does. */
static enum pe_kind cut_kind(const uint8_t *head, size_t len)
{
	if (len >= PE_HEAD)
		return PE_FAR;
	return u16_at(head, len, DOS_RELOCATIONS) >= DOS_HEADER ? PE_TRUNCATED : PE_DOS;
}

static enum pe_kind read_new_header(struct pe *pe, const uint8_t *at, size_t len)
{
	if (memcmp(at, "NE", 2) == 0 || memcmp(at, "LE", 2) == 0 || memcmp(at, "LX", 2) == 0)
		return PE_OLD;
	if (memcmp(at, "PE\0\0", 4) != 0)
		return PE_DOS;
	if (len < PE_WANTED)
		return PE_TRUNCATED;
	pe->machine = u16_at(at, len, PE_MACHINE);
	pe->subsystem = u16_at(at, len, PE_SUBSYSTEM);
	if (pe->subsystem >= EFI_FIRST && pe->subsystem <= EFI_LAST)
		return PE_EFI;
	return u16_at(at, len, PE_CHARACTERISTICS) & FILE_DLL ? PE_LIBRARY : PE_PROGRAM;
}

static enum pe_kind read_dos_header(struct pe *pe, const uint8_t *head, size_t len)
{
	uint32_t at;
	enum pe_kind kind;

	if (len < DOS_HEADER)
		return PE_TRUNCATED;
	at = u32_at(head, len, DOS_NEW_HEADER);
	if (at == 0)
		return PE_DOS;
	if (at > len - 4)
		return cut_kind(head, len);
	kind = read_new_header(pe, head + at, len - at);
	return kind == PE_TRUNCATED && len >= PE_HEAD ? PE_FAR : kind;
}

enum pe_kind pe_read(struct pe *pe, const void *head, size_t len)
{
	enum pe_kind kind;

	*pe = (struct pe){ 0 };
	if (len < 2 || memcmp(head, "MZ", 2) != 0)
		return PE_NOT_MZ;
	kind = read_dos_header(pe, head, len);
	return len >= 6 && memcmp(head, "MZqFpD", 6) == 0 ? PE_APE : kind;
}

const char *pe_refusal(enum pe_kind kind)
{
	switch (kind) {
	case PE_PROGRAM:
	case PE_FAR:
		return NULL;
	case PE_NOT_MZ:
		return "is not a Windows program";
	case PE_DOS:
		return "is a DOS program, not one for Windows (try dosbox)";
	case PE_OLD:
		return "is a program for 16-bit Windows or OS/2, which the host cannot run";
	case PE_EFI:
		return "is a program for EFI firmware, not for Windows";
	case PE_LIBRARY:
		return "is a library (DLL), not a program (try rundll32.exe)";
	case PE_APE:
		return "is a program that runs on Linux itself (start it with sh, or install its "
		       "loader, ape)";
	case PE_TRUNCATED:
		return "is cut short: it ends inside its headers (copy it again)";
	}
	return NULL;
}
