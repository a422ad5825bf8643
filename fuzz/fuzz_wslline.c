/* fuzz_wslline.c: command lines of wsl.exe. What they say fits, and lies in what was given. */
#include <stdlib.h>
#include <string.h>

#include "interop/host/wslline.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char *line = malloc(size + 1), *words = malloc(size + 1);
	char **at = malloc(WSLLINE_WORDS(size) * sizeof(*at));
	struct fault why = { 0 };
	struct wslline w;

	memcpy(line, data, size);
	line[size] = '\0';
	if (wslline_parse(&w, line, words, at, &why) < 0) {
		if (why.status != WSL_REFUSED || !why.text[0])
			abort();
	} else if ((w.shell && (w.exec || !*w.shell)) || (w.exec && !*w.exec)) {
		abort();
	}
	free(at);
	free(words);
	free(line);
	return 0;
}
