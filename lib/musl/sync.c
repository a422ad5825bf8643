/* What keeps threads apart, in place of musl's: the plain kinds alone, and without
 * cancellation. Each is one word for futex(2): whoever got what it waited for may
 * free it at once, since the other one only names its address from then on. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void wake(int *word, int count)
{
	syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, NULL, NULL, 0);
}

/* While it is `value`. As futex(2), an errno. */
static int wait(int *word, int value, const struct timespec *until)
{
	int op = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME;

	return syscall(SYS_futex, word, op, value, until, NULL, FUTEX_BITSET_MATCH_ANY) < 0 ? errno
											    : 0;
}

static int exchange_if(int *word, int old, int new)
{
	return __atomic_compare_exchange_n(word, &old, new, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* --- a mutex: PTHREAD_MUTEX_INITIALIZER is all zero --- */

enum { FREE, HELD, AWAITED };

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	return exchange_if(mutex->__u.__i, FREE, HELD) ? 0 : EBUSY;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	int *word = mutex->__u.__i;

	if (exchange_if(word, FREE, HELD))
		return 0;
	while (__atomic_exchange_n(word, AWAITED, __ATOMIC_SEQ_CST) != FREE)
		wait(word, AWAITED, NULL);
	return 0;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	int *word = mutex->__u.__i;

	if (__atomic_exchange_n(word, FREE, __ATOMIC_SEQ_CST) == AWAITED)
		wake(word, 1);
	return 0;
}

/* --- a semaphore: what it counts; INT_MIN: nothing, and somebody waits for more --- */

static int *count_of(sem_t *sem)
{
	return (int *)(uintptr_t)sem->__val;
}

int sem_post(sem_t *sem)
{
	int *word = count_of(sem);
	int old = *(volatile int *)word;

	while (!exchange_if(word, old, (old & INT_MAX) + 1))
		old = *(volatile int *)word;
	if (old == INT_MIN)
		wake(word, INT_MAX); /* one gets it, the others wait again */
	return 0;
}

int sem_trywait(sem_t *sem)
{
	int *word = count_of(sem);
	int old;

	while ((old = *(volatile int *)word) > 0)
		if (exchange_if(word, old, old - 1))
			return 0;
	errno = EAGAIN;
	return -1;
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict until)
{
	int *word = count_of(sem);

	while (sem_trywait(sem) < 0) {
		int error;

		exchange_if(word, 0, INT_MIN);
		error = wait(word, INT_MIN, until);
		if (error == ETIMEDOUT || error == EINTR) {
			errno = error;
			return -1;
		}
	}
	return 0;
}

int sem_wait(sem_t *sem)
{
	return sem_timedwait(sem, NULL);
}

/* --- a thread's attributes: nobody changes what new ones have --- */

int pthread_attr_init(pthread_attr_t *attr)
{
	*attr = (pthread_attr_t){ .__u.__s = { 128 * 1024, 8 * 1024 } }; /* stack, guard */
	return 0;
}
