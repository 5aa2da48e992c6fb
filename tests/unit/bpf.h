/*
 * The kernel's machine for system call filters, as far as they use it: runs a
 * program over one call, and fails the test where the kernel would not have it.
 */
#ifndef BPF_H
#define BPF_H

#include <errno.h>
#include <string.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#define BPF_STEPS	4096

static uint32_t
bpf_load(const struct seccomp_data *data, uint32_t at)
{
	uint32_t word;

	assert_true(at % 4 == 0 && at + 4 <= sizeof(*data));
	memcpy(&word, (const char *)data + at, sizeof(word));
	return word;
}

/* What the filter answers: SECCOMP_RET_... */
static uint32_t
bpf_run(const struct sock_filter *code, size_t n,
    const struct seccomp_data *data)
{
	uint32_t a = 0, x = 0;
	size_t pc = 0, steps;

	for (steps = 0; steps < BPF_STEPS; steps++, pc++) {
		const struct sock_filter *i = &code[pc];

		assert_true(pc < n);
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = bpf_load(data, i->k);
			break;
		case BPF_MISC | BPF_TAX:
			x = a;
			break;
		case BPF_MISC | BPF_TXA:
			a = x;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			fail_msg("instruction %zu: %#x", pc, i->code);
		}
	}
	fail_msg("no end");
	return 0;
}

#endif
