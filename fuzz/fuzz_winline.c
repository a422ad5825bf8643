/* fuzz_winline.c: an argument quoted for Windows is read back as itself by the
 * rules of CommandLineToArgvW; quoted for a batch file it holds nothing that
 * cmd.exe would act upon outside quotation marks. */
#include <stdlib.h>
#include <string.h>

#include "interop/host/winline.h"
#include "interop/host/winname.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

/* One argument, as Microsoft's parser reads it. Returns what follows it. */
static const char *parse(const char *at, char *out)
{
	bool quoted = false;

	while (*at == ' ')
		at++;
	for (; *at && (quoted || (*at != ' ' && *at != '\t'));) {
		size_t slashes = strspn(at, "\\");

		at += slashes;
		if (*at != '"') {
			memset(out, '\\', slashes);
			out += slashes;
			if (slashes == 0)
				*out++ = *at++;
			continue;
		}
		memset(out, '\\', slashes / 2);
		out += slashes / 2;
		if (slashes % 2)
			*out++ = '"';
		else
			quoted = !quoted;
		at++;
	}
	*out = '\0';
	return at;
}

static void try_program(const char *arg, char *buf, char *back)
{
	struct winline line;

	winline_begin(&line, buf, WINLINE_BYTES, "x.exe");
	winline_arg(&line, arg);
	winline_arg(&line, "end");
	if (winline_end(&line) < 0)
		return;
	check(*parse(parse(buf + strlen("\"x.exe\""), back), back + WINLINE_BYTES) == '\0');
	check(strcmp(back, arg) == 0 && strcmp(back + WINLINE_BYTES, "end") == 0);
}

static void try_batch(const char *arg, char *buf)
{
	static const char start[] = "cmd.exe /e:ON /v:OFF /d /c \"\"C:\\x.bat\" ";
	struct winline line;
	bool quoted = false;
	const char *at;

	winbatch_begin(&line, buf, WINLINE_BYTES, "C:\\x.bat");
	winbatch_arg(&line, arg);
	if (winbatch_end(&line) < 0)
		return;
	check(strncmp(buf, start, strlen(start)) == 0);
	at = buf + strlen(start);
	for (; at[1]; at++) {
		quoted ^= *at == '"';
		check(quoted || !strchr("&|<>^()!;,= \t", *at));
		check(*at != '\n' && *at != '\r');
		if (*at == '%') {
			check(strncmp(at, "%%cd:~,%", 8) == 0);
			at += 7;
		}
	}
	check(!quoted && *at == '"');
}

/* A word of cmd.exe's command that is more than an operator holds none. */
static void try_cmd(const char *arg, char *buf)
{
	static const char start[] = "\"cmd.exe\" /s /c \"x ";
	struct winline line;
	bool quoted = false;
	const char *at;

	winline_begin(&line, buf, WINLINE_BYTES, "cmd.exe");
	wincmd_arg(&line, "/c");
	wincmd_arg(&line, "x");
	wincmd_arg(&line, arg);
	if (wincmd_end(&line) < 0)
		return;
	check(strncmp(buf, start, strlen(start)) == 0);
	if (strspn(arg, "&|<>0123456789") == strlen(arg) && *arg)
		return;
	at = buf + strlen(start);
	for (; at[1]; at++) {
		quoted ^= *at == '"';
		check(*at != '\n' && *at != '\r');
		check(quoted || !strchr("&|<>", *at));
		at += !quoted && *at == '^' && at[1];
	}
	check(!quoted && *at == '"');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *arg = malloc(size + 1), *buf = malloc(WINLINE_BYTES),
	     *back = malloc(2 * WINLINE_BYTES);

	memcpy(arg, data, size);
	arg[size] = '\0';
	try_program(arg, buf, back);
	try_batch(arg, buf);
	try_cmd(arg, buf);
	winname_refuse(arg);
	winname_is_batch(arg);
	winname_is_powershell(arg);
	winname_env_denied(arg);
	free(arg);
	free(buf);
	free(back);
	return 0;
}
