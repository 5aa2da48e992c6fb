/*
 * Which system calls each process may make: a list for each, and nothing else,
 * so that it can be checked with the numbers of any architecture.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>

#include <asm/ioctls.h>
#include <asm/unistd.h>
#include <linux/seccomp.h>

#include "calls.h"

#define LIST(a)		{ (a), sizeof(a) / sizeof((a)[0]) }

/* Architectures that are younger than ppoll(2) have no poll(2). */
#ifdef __NR_poll
#define POLL		{ .nr = __NR_poll }, { .nr = __NR_ppoll }
#else
#define POLL		{ .nr = __NR_ppoll }
#endif

/* --- the engine and its host -------------------------------------------- */

/*
 * The client's socket is open for writing too, and the spool's file could be
 * cut or written anew: what may be done to which is told apart here.  The
 * clock is for machines whose vDSO has none.
 */
#define ENGINE_CALLS \
	{ __NR_read, { PERMIT_INT(0, FD_CLIENT) } }, \
	{ __NR_write, { PERMIT_INT(0, FD_PASSED) } }, \
	POLL, \
	{ __NR_sendmsg, { PERMIT_INT(0, FD_CHANNEL) } }, \
	{ __NR_recvmsg, { PERMIT_INT(0, FD_CHANNEL) } }, \
	{ .nr = __NR_clock_gettime }, \
	{ .nr = __NR_restart_syscall }, \
	{ .nr = __NR_exit_group }

static const struct permit engine[] = { ENGINE_CALLS };
const struct permits calls_engine = LIST(engine);

/*
 * It can end no process but by the handle that clone(2) gave it.  What stands
 * behind the first four is what an engine does to itself.
 */
static const struct permit host[] = {
	ENGINE_CALLS,
	{ __NR_clone, { PERMIT_INT(0, CLONE_PIDFD | SIGCHLD),
	    PERMIT_NULL(1) } },
	{ __NR_wait4, { PERMIT_INT(2, 0), PERMIT_NULL(3) } },
	{ __NR_pidfd_send_signal, { PERMIT_INT(0, FD_ENGINE),
	    PERMIT_INT(1, SIGKILL), PERMIT_NULL(2) } },
	{ __NR_close, { PERMIT_INT(0, FD_ENGINE) } },
	{ __NR_close, { PERMIT_INT(0, FD_PASSED) } },
	{ __NR_prctl, { PERMIT_INT(0, PR_SET_PDEATHSIG),
	    PERMIT_INT(1, SIGKILL) } },
	{ .nr = __NR_getppid },
	{ __NR_prlimit64, { PERMIT_INT(0, 0) } },
	{ __NR_dup3, { PERMIT_INT(0, FD_PASSED), PERMIT_INT(1, FD_CHANNEL),
	    PERMIT_INT(2, O_CLOEXEC) } },
	{ __NR_seccomp, { PERMIT_INT(0, SECCOMP_SET_MODE_FILTER),
	    PERMIT_INT(1, 0) } }
};
const struct permits calls_host = LIST(host);

/* --- lmtpd-resolver ------------------------------------------------------ */

#define OPEN_FLAGS	(SOCK_CLOEXEC | SOCK_NONBLOCK)
#define SOCKET(family, type)	{ __NR_socket, { PERMIT_INT(0, (family)), \
	PERMIT_BITS(1, ~OPEN_FLAGS, (type)), PERMIT_INT(2, 0) } }

/*
 * What res_nsend(3), malloc(3) and the channel need; the clock's calls are for
 * machines whose vDSO has none.  No message may name its address: a TCP Fast
 * Open would go past Landlock.
 */
static const struct permit resolver[] = {
	POLL,
	{ .nr = __NR_recvfrom },
	{ __NR_sendto, { PERMIT_NULL(4) } },
	SOCKET(AF_INET, SOCK_DGRAM),
	SOCKET(AF_INET, SOCK_STREAM),
	SOCKET(AF_INET6, SOCK_DGRAM),
	SOCKET(AF_INET6, SOCK_STREAM),
	{ .nr = __NR_connect },
	{ __NR_setsockopt, { PERMIT_INT(1, IPPROTO_IP),
	    PERMIT_INT(2, IP_RECVERR) } },
	{ __NR_setsockopt, { PERMIT_INT(1, IPPROTO_IPV6),
	    PERMIT_INT(2, IPV6_RECVERR) } },
	{ __NR_ioctl, { PERMIT_INT(1, FIONREAD) } },
	{ .nr = __NR_read },
	{ .nr = __NR_writev },
	{ .nr = __NR_close },
	{ .nr = __NR_brk },
	{ __NR_mmap, { PERMIT_BITS(2, PROT_EXEC, 0) } },
	{ .nr = __NR_mremap },
	{ .nr = __NR_munmap },
	{ .nr = __NR_futex },
	{ .nr = __NR_clock_gettime },
	{ .nr = __NR_gettimeofday },
	{ .nr = __NR_getrandom },
	{ .nr = __NR_restart_syscall },
	{ .nr = __NR_exit_group }
};
const struct permits calls_resolver = LIST(resolver);

/* --- lmtptext ------------------------------------------------------------ */

/*
 * It has read all that it reads: it thinks, and says what it found.  A name in
 * a message makes iconv(3) look for a file: that is no reason to die.
 */
static const struct permit text[] = {
	{ __NR_write, { PERMIT_INT(0, FD_TEXT) } },
	{ __NR_write, { PERMIT_INT(0, FD_REFUSAL) } },
	{ .nr = __NR_brk },
	{ __NR_mmap, { PERMIT_BITS(2, PROT_EXEC, 0) } },
	{ .nr = __NR_mremap },
	{ .nr = __NR_munmap },
	{ .nr = __NR_madvise },
	{ .nr = __NR_futex },
	{ .nr = __NR_clock_gettime },
	{ .nr = __NR_getrandom },
	{ .nr = __NR_restart_syscall },
	{ .nr = __NR_exit_group },
	{ __NR_openat, { PERMIT_NOT(EACCES) } }
};
const struct permits calls_text = LIST(text);
