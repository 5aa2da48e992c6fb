/*
 * The system call filters that an aarch64 build has, run here: Makefile.am
 * gives this program its numbers (tests/unit/aarch64) and its architecture.
 */
#define TEST_ARCH	AUDIT_ARCH_AARCH64

#include "test_seccomp.c"
