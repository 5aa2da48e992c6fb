/*
 * The system call filters, run by an interpreter of their language: over every
 * number, and for those that are permitted over their arguments.  Built twice:
 * with this machine's numbers, and with aarch64's.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <asm/ioctls.h>
#include <asm/unistd.h>

#include <cmocka.h>

#include "bpf.h"
#include "calls.h"

#ifndef TEST_ARCH
#define TEST_ARCH	SECCOMP_ARCH
#endif

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define NUMBERS		600
#define X32		0x40000000
#define ANY		UINT64_MAX	/* whatever the argument is */

/* A call that must pass.  Told here once more, on purpose. */
struct pass {
	int		 nr;
	uint64_t	 arg[6];
};

#define ENGINE_PASSES \
	{ __NR_read, { 0, ANY, ANY, ANY, ANY, ANY } }, \
	{ __NR_write, { 2, ANY, ANY, ANY, ANY, ANY } }, \
	{ __NR_sendmsg, { 1, ANY, ANY, ANY, ANY, ANY } }, \
	{ __NR_recvmsg, { 1, ANY, ANY, ANY, ANY, ANY } }, \
	{ __NR_ppoll, { ANY, ANY, ANY, ANY, ANY, ANY } }, \
	{ __NR_clock_gettime, { ANY, ANY, ANY, ANY, ANY, ANY } }, \
	{ __NR_restart_syscall, { ANY, ANY, ANY, ANY, ANY, ANY } }, \
	{ __NR_exit_group, { ANY, ANY, ANY, ANY, ANY, ANY } }

static const struct pass engine[] = {
#ifdef __NR_poll
	{ __NR_poll, { ANY, ANY, ANY, ANY, ANY, ANY } },
#endif
	ENGINE_PASSES
};

static const struct pass host[] = {
#ifdef __NR_poll
	{ __NR_poll, { ANY, ANY, ANY, ANY, ANY, ANY } },
#endif
	ENGINE_PASSES,
	{ __NR_clone, { CLONE_PIDFD | SIGCHLD, 0, ANY, ANY, ANY, ANY } },
	{ __NR_wait4, { ANY, ANY, 0, 0, ANY, ANY } },
	{ __NR_pidfd_send_signal, { 3, SIGKILL, 0, ANY, ANY, ANY } },
	{ __NR_close, { 2, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_close, { 3, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_prctl, { PR_SET_PDEATHSIG, SIGKILL, ANY, ANY, ANY, ANY } },
	{ __NR_getppid, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_prlimit64, { 0, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_dup3, { 2, 1, O_CLOEXEC, ANY, ANY, ANY } },
	{ __NR_seccomp, { SECCOMP_SET_MODE_FILTER, 0, ANY, ANY, ANY, ANY } }
};

#define SOCKET_PASS(family, type) \
	{ __NR_socket, { (family), (type), 0, ANY, ANY, ANY } }
static const struct pass resolver[] = {
#ifdef __NR_poll
	{ __NR_poll, { ANY, ANY, ANY, ANY, ANY, ANY } },
#endif
	{ __NR_ppoll, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_recvfrom, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_sendto, { ANY, ANY, ANY, ANY, 0, ANY } },
	SOCKET_PASS(AF_INET, SOCK_DGRAM),
	SOCKET_PASS(AF_INET, SOCK_STREAM | SOCK_CLOEXEC),
	SOCKET_PASS(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK),
	SOCKET_PASS(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK),
	{ __NR_connect, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_setsockopt, { ANY, IPPROTO_IP, IP_RECVERR, ANY, ANY, ANY } },
	{ __NR_setsockopt, { ANY, IPPROTO_IPV6, IPV6_RECVERR, ANY, ANY,
	    ANY } },
	{ __NR_ioctl, { ANY, FIONREAD, ANY, ANY, ANY, ANY } },
	{ __NR_read, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_writev, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_close, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_brk, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_mmap, { ANY, ANY, PROT_READ | PROT_WRITE, ANY, ANY, ANY } },
	{ __NR_mremap, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_munmap, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_futex, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_clock_gettime, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_gettimeofday, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_getrandom, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_restart_syscall, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_exit_group, { ANY, ANY, ANY, ANY, ANY, ANY } }
};

static const struct pass text[] = {
	{ __NR_write, { 1, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_write, { 2, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_brk, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_mmap, { ANY, ANY, PROT_READ | PROT_WRITE, ANY, ANY, ANY } },
	{ __NR_mremap, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_munmap, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_madvise, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_futex, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_clock_gettime, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_getrandom, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_restart_syscall, { ANY, ANY, ANY, ANY, ANY, ANY } },
	{ __NR_exit_group, { ANY, ANY, ANY, ANY, ANY, ANY } }
};

static const struct list {
	const char		*name;
	const struct permits	*permits;
	const struct pass	*pass;
	size_t			 n;
} lists[] = {
	{ "engine", &calls_engine, engine, NELEM(engine) },
	{ "host", &calls_host, host, NELEM(host) },
	{ "resolver", &calls_resolver, resolver, NELEM(resolver) },
	{ "text", &calls_text, text, NELEM(text) }
};

static void
build(const struct list *list, struct seccomp_program *p)
{
	assert_int_equal(seccomp_build(p, TEST_ARCH, list->permits), 0);
	assert_in_range(p->n, 1, NELEM(p->code));
}

static uint32_t
ask(const struct seccomp_program *p, uint32_t arch, uint32_t nr,
    const uint64_t *arg)
{
	struct seccomp_data data = { .arch = arch, .nr = (int)nr };

	memcpy(data.args, arg, sizeof(data.args));
	return bpf_run(p->code, p->n, &data);
}

static bool
is_on(const struct list *list, int nr)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->pass[i].nr == nr)
			return true;
	return false;
}

/* Whether this value of one argument is another row's. */
static bool
is_passed(const struct list *list, int nr, const uint64_t *arg)
{
	size_t i, k;

	for (i = 0; i < list->n; i++) {
		for (k = 0; k < 6; k++)
			if (list->pass[i].arg[k] != ANY &&
			    (uint32_t)list->pass[i].arg[k] !=
			    (uint32_t)arg[k])
				break;
		if (k == 6 && list->pass[i].nr == nr)
			return true;
	}
	return false;
}

static void
fill(const struct pass *pass, uint64_t anything, uint64_t *arg)
{
	size_t k;

	for (k = 0; k < 6; k++)
		arg[k] = pass->arg[k] == ANY ? anything : pass->arg[k];
}

#define KILL	SECCOMP_RET_KILL_PROCESS
#define ALLOW	SECCOMP_RET_ALLOW

/* lmtptext's libraries may look for a file: they are told that they may not. */
static uint32_t
unlisted(const struct list *list, int nr)
{
	return list->permits == &calls_text && nr == __NR_openat ?
	    SECCOMP_RET_ERRNO | EACCES : KILL;
}

static void
test_what_is_not_listed(void **state)
{
	static const uint64_t values[] = { 0, 1, 2, 3, UINT32_MAX, UINT64_MAX };
	struct seccomp_program p;
	uint64_t arg[6];
	size_t i, v, k;
	uint32_t nr;

	(void)state;
	for (i = 0; i < NELEM(lists); i++) {
		build(&lists[i], &p);
		for (nr = 0; nr <= NUMBERS; nr++)
			for (v = 0; v < NELEM(values); v++) {
				for (k = 0; k < 6; k++)
					arg[k] = values[v];
				if (!is_on(&lists[i], (int)nr))
					assert_int_equal(ask(&p, TEST_ARCH,
					    nr, arg), unlisted(&lists[i],
					    (int)nr));
				assert_int_equal(ask(&p, TEST_ARCH, nr | X32,
				    arg), KILL);
				assert_int_equal(ask(&p, TEST_ARCH ^ 1, nr,
				    arg), KILL);
				assert_int_equal(ask(&p, AUDIT_ARCH_I386, nr,
				    arg), KILL);
				assert_int_equal(ask(&p, AUDIT_ARCH_ARM, nr,
				    arg), KILL);
			}
	}
}

static void
test_what_is_listed(void **state)
{
	struct seccomp_program p;
	uint64_t arg[6];
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(lists); i++) {
		build(&lists[i], &p);
		for (j = 0; j < lists[i].n; j++) {
			fill(&lists[i].pass[j], 0, arg);
			assert_int_equal(ask(&p, TEST_ARCH,
			    lists[i].pass[j].nr, arg), ALLOW);
			fill(&lists[i].pass[j], UINT64_MAX, arg);
			assert_int_equal(ask(&p, TEST_ARCH,
			    lists[i].pass[j].nr, arg), ALLOW);
			assert_int_equal(ask(&p, TEST_ARCH ^ 1,
			    lists[i].pass[j].nr, arg), KILL);
		}
	}
}

/* One argument another: any that is told, by any other value. */
static void
deny_others(const struct list *list, const struct seccomp_program *p,
    const struct pass *pass)
{
	uint64_t arg[6], value;
	size_t k;

	for (k = 0; k < 6; k++)
		for (value = 0; value < 40 && pass->arg[k] != ANY; value++) {
			fill(pass, 0, arg);
			arg[k] = value;
			if (pass->nr == __NR_mmap && !(value & PROT_EXEC))
				continue;
			if (!is_passed(list, pass->nr, arg))
				assert_int_equal(ask(p, TEST_ARCH, pass->nr,
				    arg), KILL);
			arg[k] = pass->arg[k] ^ UINT32_MAX;
			assert_int_equal(ask(p, TEST_ARCH, pass->nr, arg),
			    KILL);
		}
}

/* As sockets' types, where two more bits may be set. */
static bool
is_flagged(const struct pass *pass)
{
	return pass->nr == __NR_socket;
}

static void
test_other_arguments(void **state)
{
	struct seccomp_program p;
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(lists); i++) {
		build(&lists[i], &p);
		for (j = 0; j < lists[i].n; j++)
			if (!is_flagged(&lists[i].pass[j]))
				deny_others(&lists[i], &p,
				    &lists[i].pass[j]);
	}
}

static void
test_sockets(void **state)
{
	struct seccomp_program p;
	uint64_t arg[6] = { 0 };
	int family, type;

	(void)state;
	build(&lists[2], &p);
	for (family = 0; family < 64; family++)
		for (type = 0; type < 16; type++) {
			bool good = (family == AF_INET || family == AF_INET6)
			    && (type == SOCK_STREAM || type == SOCK_DGRAM);

			arg[0] = (uint64_t)family;
			arg[1] = (uint64_t)type;
			arg[2] = 0;
			assert_int_equal(ask(&p, TEST_ARCH, __NR_socket, arg),
			    good ? ALLOW : KILL);
			arg[1] |= SOCK_CLOEXEC | SOCK_NONBLOCK;
			assert_int_equal(ask(&p, TEST_ARCH, __NR_socket, arg),
			    good ? ALLOW : KILL);
			arg[2] = 262;	/* IPPROTO_MPTCP */
			assert_int_equal(ask(&p, TEST_ARCH, __NR_socket, arg),
			    KILL);
		}
}

/* An int's upper half is nothing to the kernel, a pointer's is. */
static void
test_upper_halves(void **state)
{
	const uint64_t high = UINT64_C(1) << 32;
	struct seccomp_program p;
	uint64_t write_it[6] = { high | 2 }, wait[6] = { 0, 0, 0, high };
	uint64_t message[6] = { 0, 0, 0, 0, high };

	(void)state;
	build(&lists[1], &p);
	assert_int_equal(ask(&p, TEST_ARCH, __NR_write, write_it), ALLOW);
	assert_int_equal(ask(&p, TEST_ARCH, __NR_wait4, wait), KILL);
	build(&lists[2], &p);
	assert_int_equal(ask(&p, TEST_ARCH, __NR_sendto, message), KILL);
}

static void
test_minus_one(void **state)
{
	static const uint64_t none[6] = { 0 };
	struct seccomp_program p;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(lists); i++) {
		build(&lists[i], &p);
		assert_int_equal(ask(&p, TEST_ARCH, UINT32_MAX, none),
		    SECCOMP_RET_ERRNO | ENOSYS);
		assert_int_equal(ask(&p, TEST_ARCH ^ 1, UINT32_MAX, none),
		    KILL);
		assert_int_equal(ask(&p, TEST_ARCH, UINT32_MAX - 1, none),
		    KILL);
		assert_int_equal(ask(&p, TEST_ARCH, INT32_MAX, none), KILL);
	}
}

/* As the manuals of the two have them, not as any header does. */
static void
test_numbers(void **state)
{
	static const uint64_t arg[6] = { 0 };
	static const struct { uint32_t arch; int read, poll, exit_group; }
	numbers[] = {
		{ AUDIT_ARCH_X86_64, 0, 7, 231 },
		{ AUDIT_ARCH_AARCH64, 63, 73, 94 }
	};
	struct seccomp_program p;
	size_t i;

	(void)state;
	build(&lists[0], &p);
	for (i = 0; i < NELEM(numbers); i++) {
		if (numbers[i].arch != TEST_ARCH)
			continue;
		assert_int_equal(ask(&p, TEST_ARCH, numbers[i].read, arg),
		    ALLOW);
		assert_int_equal(ask(&p, TEST_ARCH, numbers[i].poll, arg),
		    ALLOW);
		assert_int_equal(ask(&p, TEST_ARCH, numbers[i].exit_group,
		    arg), ALLOW);
	}
}

static void
test_too_long_a_list(void **state)
{
	static const struct permit many[SECCOMP_PERMITS + 1];
	struct permits list = { many, SECCOMP_PERMITS };
	struct seccomp_program p;

	(void)state;
	assert_int_equal(seccomp_build(&p, TEST_ARCH, &list), 0);
	list.n++;
	assert_int_equal(seccomp_build(&p, TEST_ARCH, &list), -1);
	assert_int_equal(errno, E2BIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_listed),
		cmocka_unit_test(test_what_is_listed),
		cmocka_unit_test(test_other_arguments),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_upper_halves),
		cmocka_unit_test(test_minus_one),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_too_long_a_list)
	};

	return cmocka_run_group_tests_name(TEST_ARCH == AUDIT_ARCH_AARCH64 ?
	    "seccomp, aarch64" : "seccomp", tests, NULL, NULL);
}
