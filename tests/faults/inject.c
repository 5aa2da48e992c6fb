/*
 * inject - runs a program, follows all that it starts, and at one system call
 * of one process makes the call fail or kills that process or another.  Trusts
 * its caller.
 *
 * A process is named by its descent: m is the program, m1 its first child,
 * m12 the second child of that.  strace(1) counts calls of each process, but
 * cannot tell one process from another.
 */
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <elf.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* glibc's <sys/ptrace.h> has all this; <linux/ptrace.h> would clash. */
#define OPTIONS	(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | \
	PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
	PTRACE_O_TRACEEXEC)
#define SYSCALL_STOP	(SIGTRAP | 0x80)
#define PROCESSES	256
#define NAME_MAX_LEN	16
#define CALLS		1024

struct process {
	pid_t		 pid;		/* 0: free */
	char		 name[NAME_MAX_LEN]; /* "": its parent is to tell */
	unsigned int	 children;
	unsigned int	 count[CALLS];
	bool		 failing;	/* at its exit the lie is told */
	bool		 waiting;	/* stopped, to be named */
};

struct injection {
	const char	*process;	/* NULL: none */
	unsigned long	 call;
	unsigned int	 nth;
	int		 error;		/* 0: kill */
	bool		 perform;	/* the call, then fail */
	const char	*victim;	/* NULL: who makes the call */
	bool		 done;
	FILE		*out;
	pid_t		 first;
	int		 status;	/* of the first */
	struct process	 table[PROCESSES];
};

static _Noreturn void
usage(void)
{
	fprintf(stderr, "usage: inject -o file [-p process -c call -n nth "
	    "[-e errno [-d] | -k process]]\n\tprogram [argument ...]\n");
	exit(EX_USAGE);
}

static struct process *
find(struct injection *in, pid_t pid)
{
	size_t i;

	for (i = 0; i < PROCESSES; i++)
		if (in->table[i].pid == pid)
			return &in->table[i];
	return NULL;
}

static struct process *
find_name(struct injection *in, const char *name)
{
	size_t i;

	for (i = 0; i < PROCESSES; i++)
		if (in->table[i].pid != 0 &&
		    strcmp(in->table[i].name, name) == 0)
			return &in->table[i];
	return NULL;
}

static struct process *
add(struct injection *in, pid_t pid)
{
	struct process *p = find(in, 0);

	if (p == NULL)
		errx(EX_SOFTWARE, "too many processes");
	memset(p, 0, sizeof(*p));
	p->pid = pid;
	return p;
}

/* --- what depends on the machine */

#if defined(__x86_64__)
static void
set_call(pid_t pid, long call)
{
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.orig_rax),
	    call);
}

static void
set_result(pid_t pid, long result)
{
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.rax), result);
}
#elif defined(__aarch64__)
#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif
static void
set_call(pid_t pid, long call)
{
	int number = (int)call;
	struct iovec iov = { &number, sizeof(number) };

	ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &iov);
}

static void
set_result(pid_t pid, long result)
{
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov) == -1)
		return;
	regs.regs[0] = (unsigned long)result;
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
}
#else
#error "how does this machine set a system call's number and result?"
#endif

/* --- one stop after another */

/* A fault, once only; from then on nobody is watched any more. */
static void
inject(struct injection *in, struct process *p)
{
	struct process *victim = p;

	in->done = true;
	if (in->victim != NULL && (victim = find_name(in, in->victim)) == NULL)
		return;
	fprintf(in->out, "hit %s %lu\n", p->name, in->call);
	fflush(in->out);
	if (in->error == 0) {
		kill(victim->pid, SIGKILL);
		return;
	}
	p->failing = true;
	if (!in->perform)
		set_call(p->pid, -1);
}

static void
enter(struct injection *in, struct process *p, unsigned long call)
{
	if (call >= CALLS)
		return;
	p->count[call]++;
	if (in->process == NULL)
		fprintf(in->out, "%s %lu\n", p->name, call);
	else if (!in->done && call == in->call && p->count[call] == in->nth &&
	    strcmp(p->name, in->process) == 0)
		inject(in, p);
}

static void
system_call(struct injection *in, struct process *p)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter(in, p, info.entry.nr);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT && p->failing) {
		set_result(p->pid, -in->error);
		p->failing = false;
	}
}

/* On its way, to the next call or for good. */
static void
resume(struct injection *in, struct process *p, int sig)
{
	if (!in->done || p->failing) {
		ptrace(PTRACE_SYSCALL, p->pid, 0, sig);
		return;
	}
	ptrace(PTRACE_DETACH, p->pid, 0, sig);
	if (p->pid != in->first)
		p->pid = 0;
}

/* The child may have stopped before we are told of it. */
static void
born(struct injection *in, struct process *parent)
{
	struct process *p;
	unsigned long pid;

	if (ptrace(PTRACE_GETEVENTMSG, parent->pid, 0, &pid) == -1)
		return;
	if ((p = find(in, (pid_t)pid)) == NULL)
		p = add(in, (pid_t)pid);
	snprintf(p->name, sizeof(p->name), "%.13s%c", parent->name,
	    "123456789abcdefghijklmnopqrstuvwxyz"[parent->children++ % 35]);
	if (p->waiting)
		resume(in, p, 0);
	p->waiting = false;
}

static void
executed(struct injection *in, const struct process *p)
{
	char path[64], comm[32] = "";
	FILE *f;

	if (in->process != NULL)
		return;
	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)p->pid);
	if ((f = fopen(path, "re")) == NULL)
		return;
	if (fgets(comm, sizeof(comm), f) != NULL)
		fprintf(in->out, "%s exec %s", p->name, comm);
	fclose(f);
}

static void
stopped(struct injection *in, struct process *p, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;

	if (sig == SYSCALL_STOP)
		system_call(in, p);
	else if (event == PTRACE_EVENT_EXEC)
		executed(in, p);
	else if (event == PTRACE_EVENT_FORK ||
	    event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE)
		born(in, p);
	if (sig == SYSCALL_STOP || event != 0)
		sig = 0;
	p->waiting = p->name[0] == '\0' && !in->done;
	if (!p->waiting)
		resume(in, p, sig);
}

/* Its parent was killed, and will never tell. */
static void
release_orphans(struct injection *in)
{
	size_t i;

	for (i = 0; i < PROCESSES; i++)
		if (in->table[i].pid != 0 && in->table[i].waiting) {
			in->table[i].waiting = false;
			resume(in, &in->table[i], 0);
		}
}

static void
watch(struct injection *in)
{
	struct process *p;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) != -1 ||
	    errno == EINTR) {
		if (pid == -1)
			continue;
		p = find(in, pid);
		if (WIFSTOPPED(status))
			stopped(in, p != NULL ? p : add(in, pid), status);
		else if (pid == in->first)
			in->status = status;
		if (!WIFSTOPPED(status) && p != NULL)
			p->pid = 0;
		if (in->done)
			release_orphans(in);
	}
}

static void
start(struct injection *in, char **argv)
{
	struct process *p;
	int status;

	if ((in->first = fork()) == -1)
		err(EX_OSERR, "fork");
	if (in->first == 0) {
		raise(SIGSTOP);
		execv(argv[0], argv);
		err(EX_NOINPUT, "%s", argv[0]);
	}
	if (waitpid(in->first, &status, WUNTRACED) == -1 ||
	    ptrace(PTRACE_SEIZE, in->first, 0, OPTIONS) == -1)
		err(EX_OSERR, "cannot trace");
	p = add(in, in->first);
	strcpy(p->name, "m");
	/* the client sees who closes them */
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	kill(in->first, SIGCONT);
}

int
main(int argc, char **argv)
{
	static struct injection in;
	const char *out = NULL;
	int c;

	while ((c = getopt(argc, argv, "+c:de:k:n:o:p:")) != -1)
		switch (c) {
		case 'c':
			in.call = strtoul(optarg, NULL, 10);
			break;
		case 'd':
			in.perform = true;
			break;
		case 'e':
			in.error = atoi(optarg);
			break;
		case 'k':
			in.victim = optarg;
			break;
		case 'n':
			in.nth = (unsigned int)atoi(optarg);
			break;
		case 'o':
			out = optarg;
			break;
		case 'p':
			in.process = optarg;
			break;
		default:
			usage();
		}
	if (argv[optind] == NULL || out == NULL)
		usage();
	if ((in.out = fopen(out, "we")) == NULL)
		err(EX_CANTCREAT, "%s", out);
	start(&in, argv + optind);
	watch(&in);
	fclose(in.out);
	return WIFEXITED(in.status) ? WEXITSTATUS(in.status) :
	    128 + WTERMSIG(in.status);
}
