/* test_winname.c: which Windows paths and variables a guest may use. */
#include "interop/host/winname.h"

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void test_paths(void **state)
{
	static const struct {
		const char *path;
		bool refused;
	} rows[] = {
		{ "C:\\windows\\system32\\cmd.exe", false },
		{ "d:/a b/c.exe", false },
		{ "C:\\", false },
		{ "C:\\a\\..\\b\\.\\c", false },
		{ "C:\\console\\common\\lpt\\com10", false },
		{ "C:\\.config\\x", false },
		{ "C:\\caf\xc3\xa9.exe", false },
		{ "\\\\wsl.localhost\\boat", false },
		{ "//WSL$/boat/home/ann/x.exe", false },
		{ "\\\\wsl.localhost\\boat\\home\\a:b", true },
		{ "\\\\wsl.localhost\\boat\\con", true },
		{ "\\\\wsl.localhost\\nul\\x", true },
		{ "\\\\wsl.localhost\\..\\x", true },
		{ "\\\\wsl.localhost\\.\\x", true },
		{ "\\\\wsl.localhost\\\\x", true },
		{ "\\\\wsl.localhost\\", true },
		{ "\\\\wsl.localhost", true },
		{ "\\\\wsl.localhost.\\boat\\x", true },
		{ "\\\\?\\UNC\\wsl.localhost\\boat\\x", true },
		{ "\\wsl$\\boat\\x", true },
		{ "", true },
		{ "C:", true },
		{ "C:x", true },
		{ "cmd.exe", true },
		{ "1:\\x", true },
		{ "\\\\server\\share\\x.exe", true },
		{ "//server/share/x.exe", true },
		{ "\\\\?\\C:\\x", true },
		{ "\\\\.\\COM1", true },
		{ "\\x", true },
		{ "C:\\a.txt:x.exe", true },
		{ "C:\\a.bat::$DATA", true },
		{ "C:\\x.exe.", true },
		{ "C:\\x.exe ", true },
		{ "C:\\dir.\\x.exe", true },
		{ "C:\\dir \\x.exe", true },
		{ "C:\\...\\x", true },
		{ "C:\\CON", true },
		{ "C:\\nul.txt", true },
		{ "C:\\aux .txt", true },
		{ "C:\\dir\\com1\\x", true },
		{ "C:\\LPT\xc2\xb3", true },
		{ "C:\\conin$", true },
		{ "C:\\a*b", true },
		{ "C:\\a\"b", true },
		{ "C:\\a\nb", true },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++)
		if ((winname_refuse(rows[i].path) != NULL) != rows[i].refused)
			fail_msg("%s: %s", rows[i].path, rows[i].refused ? "passed" : "refused");
}

static void test_shared(void **state)
{
	static const struct {
		const char *path;
		bool shared, of, mentions; /* of boat */
	} rows[] = {
		{ "\\\\wsl.localhost\\boat", true, true, true },
		{ "\\\\WSL.localhost\\BOAT\\x", true, true, true },
		{ "//wsl$/boat/", true, true, true },
		{ "\\\\wsl$\\boats\\x", true, false, false },
		{ "\\\\wsl$\\boa", true, false, false },
		{ "\\\\wsl$\\", false, false, false },
		{ "\\\\wsl\\boat\\x", false, false, false },
		{ "\\wsl$\\boat\\x", false, false, false },
		{ "", false, false, false },
		{ "/home", false, false, false },
		{ "type \\\\wsl.localhost\\boat\\x", false, false, true },
		{ "F=C:\\a;\\\\wsl.localhost\\boat", false, false, true },
		{ "F=\\\\wsl.localhost\\ship", false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++)
		if (winname_is_shared(rows[i].path) != rows[i].shared ||
		    winname_is_of(rows[i].path, "boat") != rows[i].of ||
		    winname_mentions(rows[i].path, "boat") != rows[i].mentions)
			fail_msg("%s", rows[i].path);
	assert_false(winname_is_shared(NULL));
	assert_false(winname_is_of(NULL, "boat"));
}

static void test_batch(void **state)
{
	static const struct {
		const char *path;
		bool batch;
	} rows[] = {
		{ "C:\\t.bat", true },
		{ "C:\\a\\t.CMD", true },
		{ "run.BAT. .", true },
		{ "run.cmd::$DATA", true },
		{ "C:/x/run.bat", true },
		{ ".bat", true },
		{ "C:\\t.exe", false },
		{ "C:\\bat", false },
		{ "C:\\t.bat\\x.exe", false },
		{ "t.bat.exe", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++)
		if (winname_is_batch(rows[i].path) != rows[i].batch)
			fail_msg("%s: not %d", rows[i].path, rows[i].batch);
	assert_true(winname_is_powershell("C:\\a\\t.PS1"));
	assert_true(winname_is_powershell("t.ps1. ."));
	assert_true(winname_is_powershell("t.ps1::$DATA"));
	assert_false(winname_is_powershell("C:\\t.ps1\\x.exe"));
	assert_false(winname_is_powershell("C:\\ps1"));
}

static void test_env(void **state)
{
	static const struct {
		const char *entry;
		bool denied;
	} rows[] = {
		{ "FERRY=boat", false },
		{ "PATHS=x", false },
		{ "A=", false },
		{ "path=C:\\evil", true },
		{ "PATH=x", true },
		{ "PathExt=.x", true },
		{ "COMSPEC=x", true },
		{ "SYSTEMROOT=x", true },
		{ "windir=x", true },
		{ "COR_PROFILER=x", true },
		{ "COR_PROFILER_PATH_64=x", true },
		{ "CoreCLR_x=1", true },
		{ "DOTNET_STARTUP_HOOKS=x", true },
		{ "NODE_OPTIONS=x", true },
		{ "__COMPAT_LAYER=x", true },
		{ "WINEPREFIX=/", true },
		{ "LD_PRELOAD=x", true },
		{ "WineDebug=+all", true },
		{ "Ld_Library_Path=/", true },
		{ "LANDBRIDGE_HOME=/", true },
		{ "Landbridge_wine=/bin/sh", true },
		{ "noequals", true },
		{ "=C:=C:\\", true },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++)
		if (winname_env_denied(rows[i].entry) != rows[i].denied)
			fail_msg("%s: not %d", rows[i].entry, rows[i].denied);
}

static void test_final(void **state)
{
	static const struct {
		const char *path, *want;
	} rows[] = {
		{ "\\\\?\\C:\\dir\\x.exe", "C:\\dir\\x.exe" },
		{ "\\\\?\\d:\\", "d:\\" },
		{ "\\\\?\\C:", NULL },
		{ "\\\\?\\C:x", NULL },
		{ "\\\\?\\UNC\\server\\share\\x.exe", NULL },
		{ "\\\\?\\unix\\etc\\passwd", NULL },
		{ "\\\\?\\1:\\x", NULL },
		{ "\\\\?\\", NULL },
		{ "C:\\x", NULL },
		{ "\\\\.\\C:\\x", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		const char *got = winname_of_final(rows[i].path);

		if (rows[i].want)
			assert_string_equal(got, rows[i].want);
		else
			assert_null(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_final),  cmocka_unit_test(test_paths),
		cmocka_unit_test(test_shared), cmocka_unit_test(test_batch),
		cmocka_unit_test(test_env),
	};

	return cmocka_run_group_tests_name("winname", tests, NULL, NULL);
}
