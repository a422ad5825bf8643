/* Where /init begins: applies the packed relative relocations (DT_RELR, System V
 * gABI "Relative relocations") that musl's own start does not know before 1.2.4,
 * takes them away, so that a newer one does not apply them again, and goes on
 * there. Eight bytes for up to 63 pointers instead of 24 for each. */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR 36
#endif

#define HIDDEN __attribute__((visibility("hidden")))

extern HIDDEN char __ehdr_start[]; /* made by the linker: where we are loaded */
extern HIDDEN Elf64_Dyn _DYNAMIC[];

void start_packed(void);

/* A word is an address to relocate, or has its lowest bit set and says which of
 * the 63 pointers after the last are. */
__attribute__((used)) static void relocate(void)
{
	const uintptr_t base = (uintptr_t)__ehdr_start;
	const uintptr_t *word = NULL;
	size_t count = 0;
	uintptr_t *at = NULL;

	for (Elf64_Dyn *d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_RELR)
			word = (const uintptr_t *)(base + d->d_un.d_ptr);
		if (d->d_tag == DT_RELRSZ) {
			count = d->d_un.d_val / sizeof(*word);
			d->d_un.d_val = 0;
		}
	}
	for (; count--; word++) {
		if ((*word & 1) == 0) {
			at = (uintptr_t *)(base + *word);
			*at++ += base;
			continue;
		}
		for (size_t i = 0; i < 63; i++)
			if (*word >> (i + 1) & 1)
				at[i] += base;
		at += 63;
	}
}

/* The kernel's stack goes on to musl as it is. */
__attribute__((naked, used)) void start_packed(void)
{
	__asm__("call relocate\n\tjmp _start");
}
