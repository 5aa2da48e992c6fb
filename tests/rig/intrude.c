/*
 * What an engine would do that a stranger has taken over: lmtpd's own, with an
 * intruder where it reads commands ("NOOP intrude WORD") and the message
 * ("Intrude: WORD").  WORD is a row of calls[] or acts[].  Who is still alive
 * behind that exits with 200 where it worked, else with errno.  Calls are raw:
 * glibc's might not make them.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>

#include <linux/seccomp.h>

#include "lmtp.h"

static void	 watch_command(const char *, size_t, struct lmtp_command *);
static size_t	 watch_data(struct lmtp_data *, char *, size_t, size_t *);

#define lmtp_parse	watch_command
#define lmtp_unstuff	watch_data
#include "engine.c"
#undef lmtp_parse
#undef lmtp_unstuff

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define WORKED		200
#define X32		0x40000000L
#define AHEAD		"250 2.0.0 ahead\r\n"

static uint64_t spooled;	/* as far as the honest engine knows */
static pid_t monitor;		/* asking for it in an engine would be death */

__attribute__((constructor)) static void
note_monitor(void)
{
	monitor = getpid();
}

static _Noreturn void
leave(long rc)
{
	_exit(rc == -1 ? errno : WORKED);
}

/* --- one call ------------------------------------------------------------ */

struct call {
	const char	*name;
	long		 nr;
	long		 arg[6];
};

#define P(p)	((long)(p))

static void
make_call(const char *word)
{
	static char one[4096] = "x";
	static struct rlimit limit;
	char *argv[] = { "/bin/true", NULL };
	struct iovec iov = { AHEAD, sizeof(AHEAD) - 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	const struct call calls[] = {
#ifdef SYS_open
		{ "open", SYS_open, { P("/etc/passwd"), O_RDONLY } },
		{ "dup2", SYS_dup2, { FD_CLIENT, FD_PASSED } },
		{ "fork", SYS_fork, { 0 } },
		{ "vfork", SYS_vfork, { 0 } },
		{ "x32", X32 | SYS_getppid, { 0 } },
#endif
		{ "openat", SYS_openat, { AT_FDCWD, P("/etc/passwd") } },
		{ "openat2", SYS_openat2, { AT_FDCWD, P("/etc/passwd"),
		    P(one + 1), 24 } },
		{ "proc", SYS_openat, { AT_FDCWD, P("/proc/self/maps") } },
		{ "getdents", SYS_getdents64, { FD_CLIENT, P(one), 4096 } },
		{ "stat", SYS_faccessat, { AT_FDCWD, P("/etc/passwd"), F_OK } },
		{ "unlink", SYS_unlinkat, { AT_FDCWD, P("/tmp/none/x"), 0 } },
		{ "link", SYS_linkat, { FD_PASSED, P(""), AT_FDCWD,
		    P("/tmp/lmtpd-intruder"), AT_EMPTY_PATH } },
		{ "execve", SYS_execve, { P(argv[0]), P(argv), P(argv + 1) } },
		{ "execveat", SYS_execveat, { FD_PASSED, P(""), P(argv),
		    P(argv + 1), AT_EMPTY_PATH } },
		{ "memfd", SYS_memfd_create, { P("x"), 0 } },
		{ "socket", SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
		{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0,
		    P(one) } },
		{ "connect", SYS_connect, { FD_CLIENT, P(one), 16 } },
		{ "bind", SYS_bind, { FD_CLIENT, P(one), 16 } },
		{ "shutdown", SYS_shutdown, { FD_CLIENT, SHUT_WR } },
		{ "kill", SYS_kill, { monitor, 0 } },
		{ "tgkill", SYS_tgkill, { monitor, monitor, 0 } },
		{ "signal-host", SYS_pidfd_send_signal, { 3, SIGKILL } },
		{ "pidfd", SYS_pidfd_open, { monitor, 0 } },
		{ "ptrace", SYS_ptrace, { 16, monitor, 0, 0 } },
		{ "vm-read", SYS_process_vm_readv, { monitor, P(&iov), 1,
		    P(&iov), 1, 0 } },
		{ "wait", SYS_wait4, { -1, 0, 0, 0 } },
		{ "client-write", SYS_write, { FD_CLIENT, P(AHEAD), 17 } },
		{ "client-writev", SYS_writev, { FD_CLIENT, P(&iov), 1 } },
		{ "client-sendto", SYS_sendto, { FD_CLIENT, P(AHEAD), 17 } },
		{ "client-sendmsg", SYS_sendmsg, { FD_CLIENT, P(&msg), 0 } },
		{ "client-recvmsg", SYS_recvmsg, { FD_CLIENT, P(&msg), 0 } },
		{ "channel-write", SYS_write, { FD_CHANNEL, P(one), 1 } },
		{ "channel-read", SYS_read, { FD_CHANNEL, P(one), 1 } },
		{ "spool-read", SYS_read, { FD_PASSED, P(one), 1 } },
		{ "spool-pread", SYS_pread64, { FD_PASSED, P(one), 1, 0 } },
		{ "spool-pwrite", SYS_pwrite64, { FD_PASSED, P(one), 1, 0 } },
		{ "spool-truncate", SYS_ftruncate, { FD_PASSED, 0 } },
		{ "spool-seek", SYS_lseek, { FD_PASSED, 0, SEEK_SET } },
		{ "spool-stat", SYS_fstat, { FD_PASSED, P(one) } },
		{ "spool-mode", SYS_fchmod, { FD_PASSED, 0666 } },
		{ "spool-room", SYS_fallocate, { FD_PASSED, 0, 0, 1 } },
		{ "spool-append", SYS_fcntl, { FD_PASSED, F_SETFL, 0 } },
		{ "splice", SYS_splice, { FD_CLIENT, 0, FD_PASSED, 0, 1 } },
		{ "sendfile", SYS_sendfile, { FD_CLIENT, FD_PASSED, 0, 1 } },
		{ "dup", SYS_dup, { FD_CLIENT } },
		{ "dup3", SYS_dup3, { FD_PASSED, FD_CHANNEL, O_CLOEXEC } },
		{ "close", SYS_close, { FD_PASSED } },
		{ "clone", SYS_clone, { SIGCHLD } },
		{ "clone-as-host", SYS_clone, { CLONE_PIDFD | SIGCHLD, 0,
		    P(one) } },
		{ "clone3", SYS_clone3, { P(one), 64 } },
		{ "unshare", SYS_unshare, { CLONE_NEWUSER } },
		{ "mmap", SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 } },
		{ "mmap-exec", SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 } },
		{ "mprotect", SYS_mprotect, { P(one) & -4096L, 4096,
		    PROT_READ | PROT_EXEC } },
		{ "brk", SYS_brk, { 0 } },
		{ "dumpable", SYS_prctl, { PR_SET_DUMPABLE, 1 } },
		{ "deathsig", SYS_prctl, { PR_SET_PDEATHSIG, 0 } },
		{ "limit", SYS_prlimit64, { 0, RLIMIT_NOFILE, 0, P(&limit) } },
		{ "host-limit", SYS_prlimit64, { monitor, RLIMIT_NOFILE, 0,
		    P(&limit) } },
		{ "setuid", SYS_setresuid, { -1, -1, -1 } },
		{ "seccomp", SYS_seccomp, { SECCOMP_GET_ACTION_AVAIL, 0,
		    P(one) } },
		{ "bpf", SYS_bpf, { 0, P(one), 64 } },
		{ "io-uring", SYS_io_uring_setup, { 1, P(one + 1) } },
		{ "keyctl", SYS_keyctl, { 0, -1, 0 } },
		{ "shm", SYS_shmget, { 0, 4096, 0600 } },
		{ "signals", SYS_rt_sigaction, { SIGXCPU, 0, P(one), 8 } },
		{ "terminal", SYS_ioctl, { FD_CLIENT, TIOCSTI, P(one) } },
		{ "futex", SYS_futex, { P(one), 1, 1 } },
		{ "minus-one", -1, { 0 } }
	};
	const struct call *c;

	for (c = calls; c < calls + NELEM(calls); c++)
		if (strcmp(c->name, word) == 0)
			leave(syscall(c->nr, c->arg[0], c->arg[1], c->arg[2],
			    c->arg[3], c->arg[4], c->arg[5]));
}

/* --- more than one call -------------------------------------------------- */

static void
send_raw(const void *p, size_t n)
{
	struct iovec iov = { (void *)p, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (sendmsg(FD_CHANNEL, &msg, MSG_NOSIGNAL) == -1)
		_exit(errno);
}

static void
send_end(uint64_t length)
{
	struct record_end end = { .length = length };

	record_send(FD_CHANNEL, RECORD_END, &end, sizeof(end), -1);
}

static void
send_strange(uint32_t type, uint32_t len, size_t n)
{
	static struct { uint32_t type, len; char rest[100000]; } r;

	r.type = type;
	r.len = len;
	send_raw(&r, n);
}

static void
send_command(const char *line)
{
	struct lmtp_command cmd;

	lmtp_parse(line, strlen(line), &cmd);
	record_send(FD_CHANNEL, RECORD_COMMAND, &cmd,
	    lmtp_command_size(cmd.verb), -1);
}

/* A sender that no parser lets through. */
static void
send_unclean(void)
{
	struct lmtp_command cmd = { .verb = LMTP_MAIL };

	strlcpy(cmd.u.mail.sender, "a@b.example\r\nX: y", ADDR_MAX);
	record_send(FD_CHANNEL, RECORD_COMMAND, &cmd,
	    lmtp_command_size(cmd.verb), -1);
}

static void
send_odd_end(uint32_t flags, uint32_t tails, uint32_t tail)
{
	struct record_end end = {
		.length = spooled, .flags = flags, .tails = tails
	};

	end.tail[0] = tail;
	record_send(FD_CHANNEL, RECORD_END, &end, sizeof(end), -1);
}

static void
flood(enum record_type type)
{
	for (;;)
		if (record_send(FD_CHANNEL, type, NULL, 0, -1) == -1)
			_exit(errno);
}

static void
wait_for_ever(void)
{
	for (;;)
		poll(NULL, 0, -1);
}

static void
fill_disk(void)
{
	static char block[65536];

	while (write(FD_PASSED, block, sizeof(block)) > 0)
		;
	_exit(errno);
}

#ifdef __x86_64__
/* 32 bit calls have numbers of their own: 3 is read(2), to us close(2). */
static void
other_numbers(void)
{
	long rc;

	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(20) : "memory");
	_exit(WORKED);
}
#else
#define other_numbers()	raise(SIGSYS)
#endif

/* What goes on behind a command is the honest engine's. */
#define ACT(name, what)	if (strcmp(word, name) == 0) { what; return; }

static void
act(const char *word)
{
	ACT("nothing", (void)0)
	ACT("fd", record_send(FD_CHANNEL, RECORD_TICK, NULL, 0, FD_CLIENT))
	ACT("type", send_strange(RECORDS, 0, 8); wait_for_ever())
	ACT("type-go", send_strange(RECORD_GO, 8, 16); wait_for_ever())
	ACT("type-run", send_strange(RECORD_RUN, 8, 16); wait_for_ever())
	ACT("type-dead", send_strange(RECORD_DEAD, 4, 12); wait_for_ever())
	ACT("type-unconfined", send_strange(RECORD_UNCONFINED, 8, 16);
	    wait_for_ever())
	ACT("no-header", send_strange(0, 0, 3); wait_for_ever())
	ACT("empty", send_strange(0, 0, 0); wait_for_ever())
	ACT("short", send_strange(RECORD_END, 56, 32); wait_for_ever())
	ACT("long", send_strange(RECORD_TICK, 0, 9); wait_for_ever())
	ACT("giant", send_strange(RECORD_COMMAND, 99992, 100000);
	    wait_for_ever())
	ACT("unclean", send_unclean(); wait_for_ever())
	ACT("end", send_end(spooled); wait_for_ever())
	ACT("dry", record_send(FD_CHANNEL, RECORD_DRY, NULL, 0, -1);
	    wait_for_ever())
	ACT("command", send_command("RCPT TO:<stolen@box.example.net>");
	    wait_for_ever())
	ACT("envelope", send_command("RSET");
	    send_command("MAIL FROM:<mallory@example.com>");
	    wait_for_ever())
	ACT("flood", flood(RECORD_TICK))
	ACT("flood-dry", flood(RECORD_DRY))
	ACT("silence", wait_for_ever())
	ACT("exit", _exit(0))
	ACT("crash", __builtin_trap())
	ACT("size-more", send_end(spooled + 1); _exit(0))
	ACT("size-less", send_end(spooled - 1); _exit(0))
	ACT("size-none", send_end(0); _exit(0))
	ACT("size-giant", send_end(UINT64_MAX); _exit(0))
	ACT("size-wrap", send_end(spooled - (1ULL << 32)); _exit(0))
	ACT("end-twice", send_end(spooled); send_end(spooled); _exit(0))
	ACT("end-command", send_end(spooled); send_command("NOOP"); _exit(0))
	ACT("end-write", send_end(spooled); write(FD_PASSED, "x", 1) == 1 ?
	    _exit(0) : _exit(errno))
	ACT("end-crash", send_end(spooled); __builtin_trap())
	ACT("end-status", send_end(spooled); _exit(3))
	ACT("end-flags", send_odd_end(32, 0, 0); _exit(0))
	ACT("end-tails", send_odd_end(0, RECORD_TAIL_MAX + 1, LMTP_RSET);
	    _exit(0))
	ACT("end-mail", send_odd_end(0, 1, LMTP_MAIL); _exit(0))
	ACT("early", send_end(spooled); _exit(0))
	ACT("fill-disk", fill_disk())
	ACT("numbers", other_numbers())
	make_call(word);
	_exit(199);		/* no such row */
}

/* The word behind a key, in a line that need not end in NUL. */
static bool
find_word(const char *p, size_t n, const char *key, char *word, size_t size)
{
	const char *found = memmem(p, n, key, strlen(key));
	size_t i;

	if (found == NULL)
		return false;
	found += strlen(key);
	for (i = 0; i + 1 < size && found + i < p + n && found[i] > ' '; i++)
		word[i] = found[i];
	word[i] = '\0';
	return true;
}

static void
watch_command(const char *line, size_t n, struct lmtp_command *cmd)
{
	char word[32];

	if (find_word(line, n, "NOOP intrude ", word, sizeof(word)))
		act(word);
	lmtp_parse(line, n, cmd);
}

/* The chunk with the word in it is spooled first, as far as it goes. */
static size_t
watch_data(struct lmtp_data *data, char *buf, size_t n, size_t *out)
{
	char word[32];
	struct record_end end = { 0 };
	size_t used = lmtp_unstuff(data, buf, n, out);

	if (find_word(buf, *out, "Intrude: ", word, sizeof(word))) {
		spool(FD_PASSED, buf, *out, &end);
		spooled += *out;
		act(word);
		_exit(198);	/* the honest engine has lost count */
	}
	spooled += *out;
	return used;
}
