/* socket.c: Winsock as posix.h has it. */
#include "lib/win32/posix.h"

#include <mswsock.h>
#include <ntsecapi.h>

/* From here on these are Winsock's own again. */
#undef bind
#undef getpeername
#undef getsockname
#undef getsockopt
#undef listen
#undef setsockopt
#undef shutdown

/* --- errors ------------------------------------------------------------------- */

static int errno_of(int error)
{
	static const struct {
		int windows, posix;
	} known[] = {
		{ WSAEWOULDBLOCK, EAGAIN },
		{ WSAEINTR, EINTR },
		{ WSAEACCES, EACCES },
		{ WSAEINVAL, EINVAL },
		{ WSAEMFILE, EMFILE },
		{ WSAENOBUFS, ENOBUFS },
		{ WSAENOTCONN, ENOTCONN },
		{ WSAESHUTDOWN, EPIPE },
		{ WSAECONNRESET, ECONNRESET },
		{ WSAECONNABORTED, ECONNRESET },
		{ WSAENETRESET, ECONNRESET },
		{ WSAECONNREFUSED, ECONNREFUSED },
		{ WSAETIMEDOUT, ETIMEDOUT },
		{ WSAEADDRINUSE, EADDRINUSE },
		{ WSAEADDRNOTAVAIL, EADDRNOTAVAIL },
		{ WSAEAFNOSUPPORT, EAFNOSUPPORT },
		{ WSAEHOSTUNREACH, EHOSTUNREACH },
		{ WSAENETUNREACH, ENETUNREACH },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].windows == error)
			return known[i].posix;
	return EIO;
}

/* What Winsock returned, with errno. */
static int result(int r)
{
	if (r == SOCKET_ERROR)
		errno = errno_of(WSAGetLastError());
	return r;
}

static SOCKET socket_of(int fd)
{
	return fd < 0 ? INVALID_SOCKET : (SOCKET)fd;
}

/* --- making them ------------------------------------------------------------------ */

static int adopt(SOCKET s, int flags)
{
	u_long on = 1;

	if (s == INVALID_SOCKET)
		return result(SOCKET_ERROR);
	if (flags & SOCK_NONBLOCK)
		ioctlsocket(s, (long)FIONBIO, &on);
	return (int)s;
}

int socket(int family, int type, int protocol)
{
	const int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
	SOCKET s = WSASocketW(family, type & ~flags, protocol, NULL, 0,
			      WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);

	return adopt(s, type & flags);
}

int accept4(int fd, struct sockaddr *name, socklen_t *size, int flags)
{
	SOCKET s = WSAAccept(socket_of(fd), name, size, NULL, 0);

	/* It takes no such flag. */
	if (s != INVALID_SOCKET)
		SetHandleInformation((HANDLE)s, HANDLE_FLAG_INHERIT, 0);
	return adopt(s, flags);
}

/* The one command that anybody needs: another handle of the same socket. */
int fcntl(int fd, int command, int from)
{
	WSAPROTOCOL_INFOW info;

	(void)from;
	if (command != F_DUPFD_CLOEXEC) {
		errno = EINVAL;
		return -1;
	}
	if (result(WSADuplicateSocketW(socket_of(fd), GetCurrentProcessId(), &info)) < 0)
		return -1;
	return adopt(WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info,
				0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT),
		     SOCK_NONBLOCK);
}

int close(int fd)
{
	return result(closesocket(socket_of(fd)));
}

/* --- names and options -------------------------------------------------------------- */

int connect(int fd, const struct sockaddr *name, socklen_t size)
{
	int r = result(WSAConnect(socket_of(fd), name, size, NULL, NULL, NULL, NULL));

	if (r < 0 && errno == EAGAIN)
		errno = EINPROGRESS;
	return r;
}

int bsd_bind(int fd, const struct sockaddr *name, socklen_t size)
{
	return result(bind(socket_of(fd), name, size));
}

int bsd_listen(int fd, int backlog)
{
	return result(listen(socket_of(fd), backlog));
}

int bsd_getpeername(int fd, struct sockaddr *name, socklen_t *size)
{
	return result(getpeername(socket_of(fd), name, size));
}

int bsd_getsockname(int fd, struct sockaddr *name, socklen_t *size)
{
	return result(getsockname(socket_of(fd), name, size));
}

int bsd_getsockopt(int fd, int level, int option, void *value, socklen_t *size)
{
	int r = result(getsockopt(socket_of(fd), level, option, value, size));

	if (r == 0 && level == SOL_SOCKET && option == SO_ERROR && *(int *)value)
		*(int *)value = errno_of(*(int *)value);
	return r;
}

/* SO_REUSEADDR would let others take a port away here; that a port can be had again at
 * once is the rule. */
int bsd_setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
	DWORD seconds;

	if (level == SOL_SOCKET && option == SO_REUSEADDR)
		option = SO_EXCLUSIVEADDRUSE;
	if (level == IPPROTO_TCP && option == TCP_USER_TIMEOUT) {
		seconds = *(const DWORD *)value / 1000;
		return result(setsockopt(socket_of(fd), level, TCP_MAXRT, (const char *)&seconds,
					 sizeof(seconds)));
	}
	return result(setsockopt(socket_of(fd), level, option, value, size));
}

int bsd_shutdown(int fd, int how)
{
	return result(shutdown(socket_of(fd), how));
}

/* --- bytes --------------------------------------------------------------------------- */

static DWORD buffers_of(WSABUF *to, const struct iovec *iov, size_t count)
{
	const size_t most = 1 << 30;
	DWORD n = 0;

	for (; n < count && n < POSIX_IOV; n++)
		to[n] = (WSABUF){ (ULONG)(iov[n].iov_len < most ? iov[n].iov_len : most),
				  iov[n].iov_base };
	return n;
}

/* Wine records that there is something to read when a call to WSARecv begins, and takes
 * that back in the next one only: who stops at the last byte is never told of more. */
static void look_again(SOCKET s)
{
	char byte;
	WSABUF buffer = { 1, &byte };
	DWORD got, flags = MSG_PEEK;

	WSARecv(s, &buffer, 1, &got, &flags, NULL, NULL);
}

ssize_t readv(int fd, const struct iovec *iov, int count)
{
	WSABUF buffers[POSIX_IOV];
	DWORD used = buffers_of(buffers, iov, (size_t)count), got = 0, flags = 0;

	if (result(WSARecv(socket_of(fd), buffers, used, &got, &flags, NULL, NULL)) < 0)
		return -1;
	if (got > 0)
		look_again(socket_of(fd));
	return (ssize_t)got;
}

ssize_t recv(int fd, void *data, size_t len, int flags)
{
	(void)flags;
	return readv(fd, &(struct iovec){ data, len }, 1);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	WSABUF buffers[POSIX_IOV];
	DWORD used = buffers_of(buffers, msg->msg_iov, msg->msg_iovlen), sent = 0;

	(void)flags;
	if (result(WSASend(socket_of(fd), buffers, used, &sent, 0, NULL, NULL)) < 0)
		return -1;
	return (ssize_t)sent;
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
	struct iovec piece = { (void *)(uintptr_t)data, len };

	return sendmsg(fd, &(struct msghdr){ &piece, 1 }, flags);
}

int poll(struct pollfd *fds, unsigned count, int ms)
{
	return result(WSAPoll(fds, count, ms));
}

/* --- the rest -------------------------------------------------------------------------- */

void explicit_bzero(void *data, size_t len)
{
	SecureZeroMemory(data, len);
}

uid_t geteuid(void)
{
	return 0;
}

/* RtlGenRandom: it does not wait, and fails where there is no seed. */
ssize_t getrandom(void *data, size_t len, unsigned flags)
{
	(void)flags;
	if (RtlGenRandom(data, (ULONG)len))
		return (ssize_t)len;
	errno = EIO;
	return -1;
}
