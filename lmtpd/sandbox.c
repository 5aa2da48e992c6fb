/*
 * What a process denies itself for good, by the kernel's own interfaces and no
 * library: it is little, and all of it should be seen.  Trusts the kernel.
 *
 * Landlock's numbers are written here, since the headers that lmtpd is built
 * with are older than the kernels that it runs on.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "log.h"
#include "sandbox.h"

#if defined(__x86_64__) && defined(__LP64__)
#define ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER == __LITTLE_ENDIAN
#define ARCH	AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH	AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER == __LITTLE_ENDIAN
#define ARCH	AUDIT_ARCH_PPC64LE
#else
#error "name this architecture's AUDIT_ARCH here; 32 bits need more calls"
#endif

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

int
sandbox_limit(int resource, uint64_t most)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) == -1)
		return -1;
	if (limit.rlim_max > most)
		limit.rlim_max = most;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(resource, &limit);
}

/* --- Landlock ---------------------------------------------------------- */

#define DNS_PORT	53

struct ruleset {
	uint64_t	 fs;		/* what is denied, but for rules */
	uint64_t	 net;		/* version 4 */
	uint64_t	 scoped;	/* version 6 */
};

struct port_rule {
	uint64_t	 access;
	uint64_t	 port;
} __attribute__((packed));

enum {
	RULESET_VERSION = 1,	/* a flag: tell the version */
	RULE_PORT = 2,		/* a type of rule */
	TCP_BIND = 1,
	TCP_CONNECT = 2,
	SCOPED = 3		/* abstract unix sockets, signals */
};

/* Accesses to files that each version added, as bits up to this one. */
static const unsigned int fs_bits[] = { 0, 13, 14, 15, 15, 16 };

/* All that this version of Landlock can deny. */
static void
deny_all(int version, struct ruleset *rules)
{
	size_t known = version < (int)NELEM(fs_bits) ?
	    (size_t)version : NELEM(fs_bits) - 1;

	memset(rules, 0, sizeof(*rules));
	rules->fs = (UINT64_C(1) << fs_bits[known]) - 1;
	if (version >= 4)
		rules->net = TCP_BIND | TCP_CONNECT;
	if (version >= 6)
		rules->scoped = SCOPED;
}

static int
deny_files_and_ports(void)
{
	struct port_rule dns = { TCP_CONNECT, DNS_PORT };
	struct ruleset rules;
	int fd, rc, version;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    RULESET_VERSION);
	if (version < 1)
		return -1;
	deny_all(version, &rules);
	fd = syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	if (fd == -1)
		return -1;
	rc = 0;
	if (rules.net != 0)
		rc = syscall(SYS_landlock_add_rule, fd, RULE_PORT, &dns, 0);
	if (rc == 0)
		rc = syscall(SYS_landlock_restrict_self, fd, 0);
	close(fd);
	return rc;
}

/* --- seccomp ----------------------------------------------------------- */

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define LOW(n)	(offsetof(struct seccomp_data, args[n]))
#define HIGH(n)	(LOW(n) + 4)
#else
#define LOW(n)	(offsetof(struct seccomp_data, args[n]) + 4)
#define HIGH(n)	(offsetof(struct seccomp_data, args[n]))
#endif

enum kind {
	ANYTHING,
	INTEGER,		/* the low half, masked, is value */
	NOTHING			/* a null pointer */
};

struct condition {
	enum kind	 kind;
	unsigned int	 argument;
	uint32_t	 mask;
	uint32_t	 value;
};

#define CONDITIONS	3
#define INT(n, v)	{ INTEGER, (n), UINT32_MAX, (v) }
#define BITS(n, m, v)	{ INTEGER, (n), (uint32_t)(m), (v) }
#define NULL_AT(n)	{ NOTHING, (n), 0, 0 }

/* A call that is permitted where every condition holds. */
struct permit {
	int			 nr;
	struct condition	 when[CONDITIONS];
};

#define OPEN_FLAGS	(SOCK_CLOEXEC | SOCK_NONBLOCK)
#define SOCKET(family, type)	{ SYS_socket, { INT(0, (family)), \
	BITS(1, ~OPEN_FLAGS, (type)), INT(2, 0) } }

/*
 * What res_nsend(3), malloc(3) and the channel need, most frequent first; the
 * clock's calls are for machines whose vDSO has none.  No message may name its
 * address: a TCP Fast Open would go past Landlock.
 */
static const struct permit permits[] = {
#ifdef SYS_poll
	{ .nr = SYS_poll },
#endif
	{ .nr = SYS_ppoll },
	{ .nr = SYS_recvfrom },
	{ SYS_sendto, { NULL_AT(4) } },
	SOCKET(AF_INET, SOCK_DGRAM),
	SOCKET(AF_INET, SOCK_STREAM),
	SOCKET(AF_INET6, SOCK_DGRAM),
	SOCKET(AF_INET6, SOCK_STREAM),
	{ .nr = SYS_connect },
	{ SYS_setsockopt, { INT(1, IPPROTO_IP), INT(2, IP_RECVERR) } },
	{ SYS_setsockopt, { INT(1, IPPROTO_IPV6), INT(2, IPV6_RECVERR) } },
	{ SYS_ioctl, { INT(1, FIONREAD) } },
	{ .nr = SYS_read },
	{ .nr = SYS_writev },
	{ .nr = SYS_close },
	{ .nr = SYS_brk },
	{ SYS_mmap, { BITS(2, PROT_EXEC, 0) } },
	{ .nr = SYS_mremap },
	{ .nr = SYS_munmap },
	{ .nr = SYS_futex },
	{ .nr = SYS_clock_gettime },
	{ .nr = SYS_gettimeofday },
	{ .nr = SYS_getrandom },
	{ .nr = SYS_restart_syscall },
	{ .nr = SYS_exit_group }
};

struct program {
	struct sock_filter	 code[8 + NELEM(permits) *
				    (3 + 4 * CONDITIONS)];
	unsigned short		 n;
};

static void
add(struct program *p, struct sock_filter instruction)
{
	p->code[p->n++] = instruction;
}

static void
load(struct program *p, size_t at)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at));
}

/* Go on where it is equal; where else to go is filled in by else_go_on(). */
static void
must_be(struct program *p, uint32_t value)
{
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value,
	    0, 0));
}

static void
answer(struct program *p, uint32_t what)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what));
}

/* Every jump since start leads to what comes next. */
static void
else_go_on(struct program *p, unsigned short start)
{
	unsigned short i;

	for (i = start; i < p->n; i++)
		if (BPF_CLASS(p->code[i].code) == BPF_JMP)
			p->code[i].jf = p->n - i - 1;
}

static void
add_condition(struct program *p, const struct condition *c)
{
	if (c->kind == ANYTHING)
		return;
	load(p, LOW(c->argument));
	if (c->kind == INTEGER && c->mask != UINT32_MAX)
		add(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K,
		    c->mask));
	must_be(p, c->value);
	if (c->kind == NOTHING) {
		load(p, HIGH(c->argument));
		must_be(p, 0);
	}
}

static void
add_permit(struct program *p, const struct permit *permit)
{
	unsigned short start = p->n;
	size_t i;

	load(p, offsetof(struct seccomp_data, nr));
	must_be(p, permit->nr);
	for (i = 0; i < CONDITIONS; i++)
		add_condition(p, &permit->when[i]);
	answer(p, SECCOMP_RET_ALLOW);
	else_go_on(p, start);
}

static int
deny_calls(void)
{
	struct program p = { .n = 0 };
	struct sock_fprog fprog = { .filter = p.code };
	size_t i;

	load(&p, offsetof(struct seccomp_data, arch));
	add(&p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH,
	    1, 0));
	answer(&p, SECCOMP_RET_KILL_PROCESS);
	/* what a tracer asks to be left out, as `strace -e inject` does */
	load(&p, offsetof(struct seccomp_data, nr));
	must_be(&p, UINT32_MAX);
	answer(&p, SECCOMP_RET_ERRNO | ENOSYS);
	else_go_on(&p, p.n - 2);
	for (i = 0; i < NELEM(permits); i++)
		add_permit(&p, &permits[i]);
	answer(&p, SECCOMP_RET_KILL_PROCESS);
	fprog.len = p.n;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog);
}

/* --- all together ------------------------------------------------------- */

/* root without a capability is a stranger that owns some files. */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capset, &head, none);
}

static int
drop_core(void)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    sandbox_limit(RLIMIT_CORE, 0) == -1 ? -1 : 0;
}

static int
drop_privileges(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int
sandbox_resolver(void)
{
	static const struct step {
		int		(*take)(void);
		const char	*what;
	} steps[] = {
		{ drop_privileges, "no_new_privs" },
		{ drop_capabilities, "capset" },
		{ drop_core, "no core, not dumpable" },
		{ deny_files_and_ports, "Landlock" },
		{ deny_calls, "seccomp" }
	};
	size_t i;

	for (i = 0; i < NELEM(steps); i++) {
		if (steps[i].take() == 0)
			continue;
		log_warn("sandbox: %s", steps[i].what);
		return -1;
	}
	return 0;
}
