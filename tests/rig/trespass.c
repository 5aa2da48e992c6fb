/*
 * What a resolver would do that a name server has taken over: linked with
 * lmtpd-resolver's own main() in place of spf_eval().  A question's HELO says
 * what to try.  The answer is errno in "lookups", 0 where it worked, and in
 * "voids" how often.  Calls are raw: glibc's might not make them.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/netlink.h>

#include "spf_eval.h"

#define CHANNEL	3

static struct sockaddr_in
at_port(int port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};

	return sin;
}

static long
with_socket(int type, long (*act)(int fd, int port), int port)
{
	int fd = (int)syscall(SYS_socket, AF_INET, type, 0);
	long rc = fd == -1 ? -1 : act(fd, port);
	int saved = errno;

	if (fd != -1)
		close(fd);
	errno = saved;
	return rc;
}

static long
act_connect(int fd, int port)
{
	struct sockaddr_in sin = at_port(port);

	return syscall(SYS_connect, fd, &sin, sizeof(sin));
}

static long
act_bind(int fd, int port)
{
	struct sockaddr_in sin = at_port(port);

	return syscall(SYS_bind, fd, &sin, sizeof(sin));
}

static long
act_send_to(int fd, int port)
{
	struct sockaddr_in sin = at_port(port);

	return syscall(SYS_sendto, fd, "x", 1, MSG_FASTOPEN, &sin,
	    sizeof(sin));
}

static long
act_option(int fd, int option)
{
	int one = 1;

	return syscall(SYS_setsockopt, fd, SOL_SOCKET, option, &one,
	    sizeof(one));
}

static long
try_connect_53(void)
{
	return with_socket(SOCK_STREAM, act_connect, 53);
}

static long
try_connect_80(void)
{
	return with_socket(SOCK_STREAM, act_connect, 80);
}

static long
try_udp(void)
{
	return with_socket(SOCK_DGRAM, act_connect, 53);
}

static long
try_bind(void)
{
	return with_socket(SOCK_STREAM, act_bind, 5353);
}

static long
try_fast_open(void)
{
	return with_socket(SOCK_STREAM, act_send_to, 80);
}

static long
try_setsockopt(void)
{
	return with_socket(SOCK_DGRAM, act_option, SO_REUSEADDR);
}

static long
try_unix(void)
{
	return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static long
try_netlink(void)
{
	return syscall(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static long
try_raw(void)
{
	return syscall(SYS_socket, AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static long
try_mptcp(void)
{
	return syscall(SYS_socket, AF_INET, SOCK_STREAM, 262);
}

static long
try_socketpair(void)
{
	int fd[2];

	return syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fd);
}

static long
try_open(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
}

static long
try_stat(void)
{
	return syscall(SYS_faccessat, AT_FDCWD, "/etc/passwd", F_OK);
}

static long
try_unlink(void)
{
	return syscall(SYS_unlinkat, AT_FDCWD, "/nonexistent/x", 0);
}

static long
try_exec(void)
{
	char *argv[] = { "/bin/true", NULL };

	return syscall(SYS_execve, argv[0], argv, argv + 1);
}

static long
try_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		syscall(SYS_exit_group, 0);
	return pid;
}

static long
try_kill(void)
{
	return syscall(SYS_kill, getppid(), 0);
}

static long
try_ptrace(void)
{
	return syscall(SYS_ptrace, 16, getppid(), 0, 0);
}

static long
try_setuid(void)
{
	return syscall(SYS_setresuid, -1, -1, -1);
}

static long
try_dumpable(void)
{
	return syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long
try_limit(void)
{
	struct rlimit limit;

	return syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
}

static long
try_unshare(void)
{
	return syscall(SYS_unshare, CLONE_NEWUSER);
}

static long
try_bpf(void)
{
	union bpf_attr attr = { 0 };

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static long
try_memfd(void)
{
	return syscall(SYS_memfd_create, "x", 0);
}

static long
try_sendmsg(void)
{
	struct msghdr none = { 0 };

	return syscall(SYS_sendmsg, CHANNEL, &none, MSG_DONTWAIT);
}

static long
try_terminal(void)
{
	return syscall(SYS_ioctl, CHANNEL, TIOCSTI, "x");
}

static long
try_code(void)
{
	return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long
try_mprotect(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return syscall(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
}

/* 32 bit calls have numbers of their own: 20 is getpid(2), to us writev(2). */
static long
try_other_numbers(void)
{
	long rc = -1;

#ifdef __x86_64__
	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(20) : "memory");
#else
	raise(SIGSYS);
#endif
	return rc;
}

static long
try_minus_one(void)
{
	return syscall(-1L);
}

static long
try_memory(void)
{
	return mmap(NULL, 65 << 20, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

/* Sockets until there are no more; says how many. */
static long
try_sockets(void)
{
	int n = 0;

	while (syscall(SYS_socket, AF_INET6, SOCK_DGRAM, 0) != -1)
		n++;
	return n;
}

static long
try_nothing(void)
{
	return 0;
}

static long
try_sleep(void)
{
	return poll(NULL, 0, -1);
}

static const struct {
	const char	*name;
	long		(*act)(void);
} tries[] = {
	{ "bind", try_bind },
	{ "bpf", try_bpf },
	{ "code", try_code },
	{ "connect-53", try_connect_53 },
	{ "connect-80", try_connect_80 },
	{ "dumpable", try_dumpable },
	{ "exec", try_exec },
	{ "fast-open", try_fast_open },
	{ "fork", try_fork },
	{ "kill", try_kill },
	{ "limit", try_limit },
	{ "memfd", try_memfd },
	{ "memory", try_memory },
	{ "minus-one", try_minus_one },
	{ "mprotect", try_mprotect },
	{ "mptcp", try_mptcp },
	{ "netlink", try_netlink },
	{ "nothing", try_nothing },
	{ "open", try_open },
	{ "other-numbers", try_other_numbers },
	{ "ptrace", try_ptrace },
	{ "raw", try_raw },
	{ "sendmsg", try_sendmsg },
	{ "setsockopt", try_setsockopt },
	{ "setuid", try_setuid },
	{ "sleep", try_sleep },
	{ "socketpair", try_socketpair },
	{ "sockets", try_sockets },
	{ "stat", try_stat },
	{ "terminal", try_terminal },
	{ "udp", try_udp },
	{ "unix", try_unix },
	{ "unlink", try_unlink },
	{ "unshare", try_unshare }
};

void
spf_eval(struct dns *dns, const struct spf_question *q, struct spf_answer *a)
{
	size_t i;
	long rc;

	(void)dns;
	a->lookups = UINT32_MAX;	/* no such try */
	for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
		if (strcmp(tries[i].name, q->helo) == 0) {
			rc = tries[i].act();
			a->lookups = rc == -1 ? (uint32_t)errno : 0;
			a->voids = rc > 0 ? (uint32_t)rc : 0;
		}
}
