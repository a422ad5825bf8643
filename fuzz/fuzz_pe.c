/* fuzz_pe.c: any bytes as the head of a program. */
#include <stdint.h>
#include <stdlib.h>

#include "binfmt/binfmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pe pe;
	enum pe_kind kind = pe_read(&pe, data, len);

	if (kind > PE_FAR || (kind == PE_FAR && len < PE_HEAD))
		abort();
	if (kind == PE_EFI && (pe.subsystem < 10 || pe.subsystem > 13))
		abort();
	if ((pe_refusal(kind) == NULL) != (kind == PE_PROGRAM || kind == PE_FAR))
		abort();
	return 0;
}
