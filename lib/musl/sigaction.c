/* sigaction(2), in place of musl's, which keeps SIGABRT from being changed while
 * abort(3) runs: the system call, with a handler's way back. */
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* musl's: where a handler returns to. */
__attribute__((visibility("hidden"))) void __restore_rt(void);

enum { SA_RESTORED = 0x04000000 };

struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

int __sigaction(int number, const struct sigaction *restrict act, struct sigaction *restrict old);

/* Also what musl's signal(3) calls. */
int __sigaction(int number, const struct sigaction *restrict act, struct sigaction *restrict old)
{
	struct kernel_sigaction new, was;

	if (act)
		new = (struct kernel_sigaction){ act->sa_handler,
						 (unsigned long)act->sa_flags | SA_RESTORED,
						 __restore_rt, act->sa_mask.__bits[0] };
	if (syscall(SYS_rt_sigaction, number, act ? &new : NULL, old ? &was : NULL, _NSIG / 8) < 0)
		return -1;
	if (old)
		*old = (struct sigaction){ .sa_handler = was.handler,
					   .sa_flags = (int)was.flags,
					   .sa_mask = { { was.mask } } };
	return 0;
}

int sigaction(int number, const struct sigaction *restrict act, struct sigaction *restrict old)
{
	return __sigaction(number, act, old);
}
