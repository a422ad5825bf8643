/* guard.c: takes from a process the ways to make files that rule the host. */
#include "interop/host/posix/guard.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/lib.h"

/* Another one would have everything refused. */
#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_AARCH64
#endif

#define BIT(n) ((uint64_t)1 << (n))

/* Every system call that gives a file its mode, and which argument that is. The
 * C library passes 0 where open(2) needs none. */
static const struct {
	uint32_t call;
	unsigned mode;
} mode_calls[] = {
#ifdef __NR_chmod
	{ __NR_chmod, 1 },   { __NR_open, 2 },     { __NR_creat, 1 },          { __NR_mknod, 1 },
#endif
	{ __NR_fchmod, 1 },  { __NR_fchmodat, 2 }, { 452 /* fchmodat2 */, 2 }, { __NR_openat, 3 },
	{ __NR_mknodat, 2 },
};

enum { FIRST_FOREIGN = 0x40000000 };
enum { ROW = 5, HEAD = 8, PROGRAM_MAX = HEAD + ROW * 16 };

static uint32_t argument(unsigned n)
{
	/* the lower half: both architectures are little-endian */
	return (uint32_t)(offsetof(struct seccomp_data, args) + n * sizeof(uint64_t));
}

static int filter_install(void)
{
	const uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
	struct sock_filter program[PROGRAM_MAX] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, refuse),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		/* The same calls under other numbers; only x86-64 has these (x32). */
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FIRST_FOREIGN, 2, 0),
		/* Their modes are in memory; without them one uses openat. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat2, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_fprog whole = { HEAD, program };

	for (size_t i = 0; i < array_len(mode_calls); i++) {
		const struct sock_filter row[ROW] = {
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, mode_calls[i].call, 0, ROW - 1),
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument(mode_calls[i].mode)),
			BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, S_ISUID, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, refuse),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};

		for (size_t j = 0; j < ROW; j++)
			program[whole.len++] = row[j];
	}
	program[whole.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole) < 0 ? -errno : 0;
}

/* What exec(2) may give to root's process. Without FSETID, and in no group but
 * its own, it makes no set-gid files of others' groups. */
static int capabilities_limit(uint64_t kept)
{
	if (geteuid() != 0)
		return 0;
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!(kept & BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
		    errno != EINVAL)
			return -errno;
	return setgroups(0, NULL) < 0 && errno != EPERM ? -errno : 0;
}

static const uint64_t serves_files =
	BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER);

int guard_devices(void)
{
	int r = capabilities_limit(serves_files | BIT(CAP_FSETID) | BIT(CAP_SETFCAP));

	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	return r;
}

int guard_files(void)
{
	int r = capabilities_limit(serves_files);

	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	return r < 0 ? r : filter_install();
}
