/*
 * What a process denies itself for good.  One short function for each.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdint.h>

/* Lower a resource limit, hard and soft, to at most this.  0, or -1. */
int	 sandbox_limit(int resource, uint64_t most);

/*
 * lmtpd-resolver, after res_ninit(3): no new privileges, no capabilities, not
 * dumpable, no core, no files (Landlock denies all; TCP only to port 53 where
 * the kernel can), a seccomp list with INET sockets and
 * SECCOMP_RET_KILL_PROCESS for the rest (system call -1 is answered ENOSYS).
 * 0; -1: the log says what cannot be.
 */
int	 sandbox_resolver(void);

#endif
