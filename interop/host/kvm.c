/* kvm.c: finds out whether KVM works here, by trying it once. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/qemu.h"
#include "lib/lib.h"

enum { FIRMWARE = 64 * 1024, TRIAL_MS = 2000, TRIAL_STATUS = 0x21 };

/* What the processor finds at its reset vector, 16 bytes below the end:
 *     mov al, 0x10;  out 0xf4, al;  hlt
 * The test device at port 0xf4 makes QEMU exit with (0x10 << 1) | 1. */
static int firmware_write(const char *path)
{
	static const uint8_t code[16] = { 0xb0, 0x10, 0xe6, 0xf4, 0xf4 };
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), r = 0;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, FIRMWARE) < 0 ||
	    pwrite(fd, code, sizeof(code), FIRMWARE - 16) != sizeof(code))
		r = -EIO;
	close(fd);
	return r;
}

static bool trial(const char *program, const char *firmware)
{
	struct args args = { 0 };
	struct child child = {
		.program = program, .in = -1, .out = -1, .err = -1, .death_signal = SIGKILL
	};
	static const char *const fixed[] = {
		"-nodefaults", "-no-user-config",
		"-display",    "none",
		"-machine",    "q35",
		"-accel",      "kvm",
		"-cpu",        "host",
		"-m",          "16M",
		"-device",     "isa-debug-exit,iobase=0xf4,iosize=4",
		"-bios",
	};
	int status = -1;
	pid_t pid;

	args_add(&args, "%s", program);
	for (size_t i = 0; i < array_len(fixed); i++)
		args_add(&args, "%s", fixed[i]);
	args_add(&args, "%s", firmware);
	child.argv = args.at;
	pid = args.bad ? -ENOMEM : child_start(&child);
	if (pid > 0)
		status = child_wait(pid, TRIAL_MS);
	args_free(&args);
	return status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == TRIAL_STATUS;
}

/* What the answer holds for: this boot, this QEMU. */
static int subject(char *out, size_t size, const char *program)
{
	char boot[64] = "";
	struct stat st;

	if (stat(program, &st) < 0)
		return -errno;
	file_read("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
	boot[strcspn(boot, "\n")] = '\0';
	return path_format(out, size, "%s %s %lld %d ", boot, program, (long long)st.st_mtim.tv_sec,
			   (int)getuid());
}

bool qemu_kvm_works(const char *program, const struct dirs *dirs)
{
	char known[PATH_MAX + 160], about[PATH_MAX + 128], answer[PATH_MAX + 160],
		path[PATH_MAX + 16];
	size_t len;
	bool works;

	if (access("/dev/kvm", R_OK | W_OK) < 0 || subject(about, sizeof(about), program) < 0)
		return false;
	len = strlen(about);
	fmt(path, sizeof(path), "%s/kvm", dirs->home);
	if (file_read(path, known, sizeof(known)) > (ssize_t)len && memcmp(known, about, len) == 0)
		return known[len] == 'y';
	fmt(path, sizeof(path), "%s/.kvm-%d", dirs->home, (int)getpid());
	works = firmware_write(path) == 0 && trial(program, path);
	unlink(path);
	fmt(answer, sizeof(answer), "%s%s\n", about, works ? "yes" : "no");
	fmt(path, sizeof(path), "%s/kvm", dirs->home);
	file_create(path, answer, 0600);
	return works;
}
