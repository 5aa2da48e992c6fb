/*
 * What each program of a sanitized build has beside its own files: what its
 * sanitizers are told, for the tests start it with an environment of their own;
 * and a system that permits them what lmtpd's sandbox would deny.  So lmtpd and
 * its kind believe that they are confined; they are not.
 */
#include <sys/resource.h>
#include <sys/syscall.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef SANITIZE_LOG
#define SANITIZE_LOG	"sanitizer"	/* where reports go */
#endif
#define PROCESSES	16	/* a limit so low is a test's own */

const char	*__asan_default_options(void);
const char	*__ubsan_default_options(void);
int		 __lsan_is_turned_off(void);

/* A fault that a test raises itself is none; what waits for a signal waits. */
const char *
__asan_default_options(void)
{
	return "log_path=" SANITIZE_LOG ":detect_leaks=1:handle_segv=0:"
	    "handle_abort=0:allocator_may_return_null=1:"
	    "detect_stack_use_after_return=1";
}

const char *
__ubsan_default_options(void)
{
	return "log_path=" SANITIZE_LOG ":print_stacktrace=1";
}

/* Whether another traces us, as strace does. */
static int
is_traced(void)
{
	char	 line[256];
	int	 tracer = 0;
	FILE	*f = fopen("/proc/self/status", "re");

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	fclose(f);
	return tracer != 0;
}

/* It looks for leaks by a process of its own, which traces us. */
int
__lsan_is_turned_off(void)
{
	struct rlimit	 processes;

	return is_traced() || getrlimit(RLIMIT_NPROC, &processes) == -1 ||
	    processes.rlim_cur < PROCESSES;
}

static int
is_confined(void)
{
	return strncmp(program_invocation_short_name, "lmtp", 4) == 0;
}

/* A sanitizer maps a shadow of all memory, and opens and writes its report. */
int
setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	if (is_confined() && resource != RLIMIT_CPU && resource != RLIMIT_CORE)
		return 0;
	return prlimit(0, resource, limit, NULL);
}

/* The sandbox makes its calls by their numbers, to be told that they did. */
long
syscall(long nr, ...)
{
	long	(*next)(long, ...), a[6];
	va_list	 ap;
	int	 i;

	if (is_confined() && (nr == SYS_seccomp ||
	    nr == SYS_landlock_restrict_self))
		return 0;
	va_start(ap, nr);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	return next(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}
