/*
 * A list of the system calls that a process may still make, and the filter
 * that the kernel holds it to.  What is not on the list is
 * SECCOMP_RET_KILL_PROCESS, but for call -1: ENOSYS, for tracers' sake.
 */
#ifndef SECCOMP_H
#define SECCOMP_H

#include <stddef.h>
#include <stdint.h>

#include <linux/audit.h>
#include <linux/filter.h>

/* configure asks before it builds for one that the tests do not run on. */
#if defined(__x86_64__) && defined(__LP64__)
#define SECCOMP_ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__LP64__) && !defined(__AARCH64EB__)
#define SECCOMP_ARCH	AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define SECCOMP_ARCH	AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define SECCOMP_ARCH	AUDIT_ARCH_PPC64LE
#else
#error "name this architecture's AUDIT_ARCH here; 32 bits need more calls"
#endif

enum permit_kind {
	PERMIT_ALWAYS,
	PERMIT_INTEGER,		/* the low half, masked, is value */
	PERMIT_NOTHING,		/* a null pointer */
	PERMIT_ERROR		/* not made: value is its errno */
};

struct permit_condition {
	enum permit_kind	 kind;
	unsigned int		 argument;
	uint32_t		 mask;
	uint32_t		 value;
};

/*
 * A call that is permitted where every condition holds; or by PERMIT_NOT() one
 * that fails, where others end the process.
 */
#define PERMIT_CONDITIONS	3
struct permit {
	int			 nr;
	struct permit_condition	 when[PERMIT_CONDITIONS];
};

#define PERMIT_BITS(n, m, v) \
	{ PERMIT_INTEGER, (n), (uint32_t)(m), (uint32_t)(v) }
#define PERMIT_INT(n, v)	PERMIT_BITS((n), UINT32_MAX, (v))
#define PERMIT_NULL(n)		{ PERMIT_NOTHING, (n), 0, 0 }
#define PERMIT_NOT(error)	{ PERMIT_ERROR, 0, 0, (error) }	/* alone */

struct permits {
	const struct permit	*permit;	/* the most frequent first */
	size_t			 n;
};

#define SECCOMP_PERMITS	32		/* no list is longer */
struct seccomp_program {
	unsigned short		 n;
	struct sock_filter	 code[8 + SECCOMP_PERMITS *
				    (3 + 4 * PERMIT_CONDITIONS)];
};

/* Pure.  0; -1: the list is too long. */
int	 seccomp_build(struct seccomp_program *, uint32_t arch,
	    const struct permits *);

/* That of a list, for the machine that we run on. */
int	 seccomp_prepare(struct seccomp_program *, const struct permits *);

/* From now on, and for good.  0, or -1 (errno). */
int	 seccomp_hold_to(const struct seccomp_program *);

#endif
