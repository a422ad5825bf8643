/* fuzz_request.c: an OPEN payload from a hostile guest -> the helper's request. */
#include <stdlib.h>
#include <string.h>

#include "interop/host/request.h"
#include "interop/host/winname.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size * 2 + (1 << 17);
	struct fault why = { 0 };
	struct rules rules;
	struct open l;
	struct writer w;
	uint8_t *buf;
	int r;

	if (open_decode(&l, data, size) < 0)
		return 0;
	buf = malloc(room);
	writer_init(&w, buf, room);
	rules_init(&rules);
	r = request_build(
		&w, &l,
		&(struct request_host){ .system_dir = "C:\\windows\\system32", .rules = &rules },
		&why);
	if ((r < 0) != (why.status != 0) || (r == 0 && (w.bad || winname_refuse(l.program.at))))
		abort();
	free(buf);
	return 0;
}
