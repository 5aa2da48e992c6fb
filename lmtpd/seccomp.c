/*
 * Builds the program of a system call filter, in the kernel's classic BPF and
 * by no library: it is little, and all of it should be seen.  Trusts the list.
 */
#include <sys/syscall.h>

#include <endian.h>
#include <errno.h>
#include <unistd.h>

#include <linux/seccomp.h>

#include "seccomp.h"

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define LOW(n)	(offsetof(struct seccomp_data, args[n]))
#define HIGH(n)	(LOW(n) + 4)
#else
#define LOW(n)	(offsetof(struct seccomp_data, args[n]) + 4)
#define HIGH(n)	(offsetof(struct seccomp_data, args[n]))
#endif

static void
add(struct seccomp_program *p, struct sock_filter instruction)
{
	p->code[p->n++] = instruction;
}

static void
load(struct seccomp_program *p, size_t at)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at));
}

/* Go on where it is equal; where else to go is filled in by else_go_on(). */
static void
must_be(struct seccomp_program *p, uint32_t value)
{
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value,
	    0, 0));
}

static void
answer(struct seccomp_program *p, uint32_t what)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what));
}

/* Every jump since start leads to what comes next. */
static void
else_go_on(struct seccomp_program *p, unsigned short start)
{
	unsigned short i;

	for (i = start; i < p->n; i++)
		if (BPF_CLASS(p->code[i].code) == BPF_JMP)
			p->code[i].jf = p->n - i - 1;
}

static void
add_condition(struct seccomp_program *p, const struct permit_condition *c)
{
	if (c->kind == PERMIT_ALWAYS || c->kind == PERMIT_ERROR)
		return;
	load(p, LOW(c->argument));
	if (c->kind == PERMIT_INTEGER && c->mask != UINT32_MAX)
		add(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K,
		    c->mask));
	must_be(p, c->value);
	if (c->kind == PERMIT_NOTHING) {
		load(p, HIGH(c->argument));
		must_be(p, 0);
	}
}

/*
 * The number is in X and not loaded anew: from programs that do that the kernel
 * works out, number by number, what they always permit.  It takes 100 us.
 */
static void
add_permit(struct seccomp_program *p, const struct permit *permit)
{
	unsigned short start = p->n;
	size_t i;

	add(p, (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TXA, 0));
	must_be(p, permit->nr);
	for (i = 0; i < PERMIT_CONDITIONS; i++)
		add_condition(p, &permit->when[i]);
	answer(p, permit->when[0].kind == PERMIT_ERROR ?
	    SECCOMP_RET_ERRNO | permit->when[0].value : SECCOMP_RET_ALLOW);
	else_go_on(p, start);
}

int
seccomp_build(struct seccomp_program *p, uint32_t arch,
    const struct permits *list)
{
	size_t i;

	if (list->n > SECCOMP_PERMITS) {
		errno = E2BIG;
		return -1;
	}
	p->n = 0;
	load(p, offsetof(struct seccomp_data, arch));
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch,
	    1, 0));
	answer(p, SECCOMP_RET_KILL_PROCESS);
	/* what a tracer asks to be left out, as `strace -e inject` does */
	load(p, offsetof(struct seccomp_data, nr));
	add(p, (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TAX, 0));
	must_be(p, UINT32_MAX);
	answer(p, SECCOMP_RET_ERRNO | ENOSYS);
	else_go_on(p, p->n - 2);
	for (i = 0; i < list->n; i++)
		add_permit(p, &list->permit[i]);
	answer(p, SECCOMP_RET_KILL_PROCESS);
	return 0;
}

int
seccomp_prepare(struct seccomp_program *p, const struct permits *list)
{
	return seccomp_build(p, SECCOMP_ARCH, list);
}

int
seccomp_hold_to(const struct seccomp_program *p)
{
	struct sock_fprog fprog = {
		.len = p->n,
		.filter = (struct sock_filter *)p->code
	};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog);
}
