/*
 * What a process denies itself for good, by the kernel's own interfaces and no
 * library.  Trusts the kernel.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>

#include "calls.h"
#include "landlock.h"
#include "sandbox.h"

#define DNS_PORT	53
#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* Made by the host, once; each of its engines only has to take it. */
static struct seccomp_program	 engine_calls;

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

const char *
sandbox_step_name(enum sandbox_step step)
{
	static const char *const names[] = {
		[SANDBOX_SECRETS] = "no core, not dumpable",
		[SANDBOX_PRIVILEGES] = "no_new_privs",
		[SANDBOX_CAPABILITIES] = "capset",
		[SANDBOX_LIMITS] = "resource limits",
		[SANDBOX_DESCRIPTORS] = "descriptors",
		[SANDBOX_LANDLOCK] = "Landlock",
		[SANDBOX_SECCOMP] = "seccomp"
	};

	return step < SANDBOX_STEPS ? names[step] : "?";
}

bool
sandbox_is_optional(enum sandbox_step step)
{
	return step == SANDBOX_PRIVILEGES || step == SANDBOX_CAPABILITIES ||
	    step == SANDBOX_LANDLOCK || step == SANDBOX_SECCOMP;
}

int
sandbox_secrets(void)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    sandbox_limit(RLIMIT_CORE, 0) == -1 ? -1 : 0;
}

static int
drop_privileges(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/*
 * root without a capability is a stranger that owns some files.  Who has none
 * need not ask: a service manager may have denied the call along with them.
 */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3];
	static const struct __user_cap_data_struct none[NELEM(has)];

	if (syscall(SYS_capget, &head, has) == -1)
		return -1;
	if (memcmp(has, none, sizeof(none)) == 0)
		return 0;
	return syscall(SYS_capset, &head, none);
}

static int
hold_to(const struct permits *calls)
{
	struct seccomp_program p;

	return seccomp_prepare(&p, calls) == -1 ? -1 : seccomp_hold_to(&p);
}

static enum sandbox_step
confine(uint16_t port, const struct permits *calls)
{
	if (drop_privileges() == -1)
		return SANDBOX_PRIVILEGES;
	if (drop_capabilities() == -1)
		return SANDBOX_CAPABILITIES;
	if (sandbox_secrets() == -1)
		return SANDBOX_SECRETS;
	if (landlock_deny_all(port) == -1)
		return SANDBOX_LANDLOCK;
	return hold_to(calls) == -1 ? SANDBOX_SECCOMP : SANDBOX_STEPS;
}

enum sandbox_step
sandbox_host(void)
{
	if (seccomp_prepare(&engine_calls, &calls_engine) == -1)
		return SANDBOX_SECCOMP;
	return confine(LANDLOCK_NO_PORT, &calls_host);
}

enum sandbox_step
sandbox_engine(void)
{
	return seccomp_hold_to(&engine_calls) == -1 ? SANDBOX_SECCOMP :
	    SANDBOX_STEPS;
}

enum sandbox_step
sandbox_resolver(void)
{
	return confine(DNS_PORT, &calls_resolver);
}

enum sandbox_step
sandbox_text(void)
{
	return confine(LANDLOCK_NO_PORT, &calls_text);
}
