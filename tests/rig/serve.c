/*
 * serve - the tests' own inetd: one program for each connection, its
 * descriptors 0 and 1 the socket, as systemd (Accept=yes) or inetd (nowait)
 * would run it.  It can run a load client as well, and then tells what the
 * handlers and all their descendants used.  It trusts its caller, and of the
 * handlers only that they can be killed.
 */
#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG		128
#define DRAIN_SECONDS	20	/* for handlers, once the client has ended */
#define CUT_RC		124	/* client_rc of one that we had to end */

extern char **environ;

struct tally {
	long	 start_us, end_us;	/* end: of the last handler */
	long	 connections;
	long	 cpu_us;
	long	 maxrss_kb;
	long	 client_cpu_us;
	int	 client_rc;
};

struct serve {
	const char	*path;		/* the unix socket, or NULL */
	in_port_t	 port;
	size_t		 maxlive;
	unsigned int	 seconds;	/* 0: no limit */
	char		*client;	/* command line, or NULL */
	char		**handler;

	int		 listener;
	int		 signals;
	sigset_t	 mask;		/* the one we were started with */
	pid_t		*live;		/* handlers; maxlive slots, 0 is free */
	size_t		 nlive;
	pid_t		 client_pid;	/* 0: none, or ended */
	bool		 childless;
	bool		 stopped;	/* by a signal or the time limit */
	bool		 done;
	struct tally	 tally;
};

static void
usage(void)
{
	fprintf(stderr, "usage: serve -u path | -p port [-c maxlive] "
	    "[-t seconds] [-C client]\n\thandler [argument ...]\n");
	exit(EX_USAGE);
}

static long
number(const char *text, long least, long most)
{
	const char *wrong;
	long n;

	n = strtonum(text, least, most, &wrong);
	if (wrong != NULL)
		errx(EX_USAGE, "%s: %s", text, wrong);
	return n;
}

static long
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static long
cpu_us(const struct rusage *r)
{
	return (r->ru_utime.tv_sec + r->ru_stime.tv_sec) * 1000000L +
	    r->ru_utime.tv_usec + r->ru_stime.tv_usec;
}

static void
parse_options(struct serve *s, int argc, char **argv)
{
	int c;

	s->maxlive = 64;
	while ((c = getopt(argc, argv, "+C:c:p:t:u:")) != -1)
		switch (c) {
		case 'C':
			s->client = optarg;
			break;
		case 'c':
			s->maxlive = number(optarg, 1, 10000);
			break;
		case 'p':
			s->port = number(optarg, 1, 65535);
			break;
		case 't':
			s->seconds = number(optarg, 1, 86400);
			break;
		case 'u':
			s->path = optarg;
			break;
		default:
			usage();
		}
	s->handler = argv + optind;
	if (s->handler[0] == NULL || (s->path == NULL) == (s->port == 0))
		usage();
}

/*
 * The path appears by a rename, once it listens: whoever waits for it to
 * exist may connect.
 */
static int
listen_unix(const char *path)
{
	struct sockaddr_un su = { .sun_family = AF_UNIX };
	int fd, n;

	n = snprintf(su.sun_path, sizeof(su.sun_path), "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof(su.sun_path))
		errx(EX_USAGE, "%s: too long for a socket", path);
	unlink(su.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&su, sizeof(su)) == -1 ||
	    chmod(su.sun_path, 0666) == -1 || listen(fd, BACKLOG) == -1 ||
	    rename(su.sun_path, path) == -1)
		err(EX_OSERR, "%s", path);
	return fd;
}

static int
listen_tcp(in_port_t port)
{
	struct sockaddr_in si = { .sin_family = AF_INET };
	int fd, on = 1;

	si.sin_port = htons(port);
	si.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&si, sizeof(si)) == -1 ||
	    listen(fd, BACKLOG) == -1)
		err(EX_OSERR, "port %u", port);
	return fd;
}

static void
serve_open(struct serve *s)
{
	sigset_t set;

	if ((s->live = calloc(s->maxlive, sizeof(*s->live))) == NULL)
		err(EX_OSERR, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &s->mask);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals == -1)
		err(EX_OSERR, "signalfd");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		err(EX_OSERR, "subreaper");
	s->listener = s->path != NULL ? listen_unix(s->path) :
	    listen_tcp(s->port);
	alarm(s->seconds);
	s->tally.start_us = now_us();
}

/* Returns the child's pid, or 0 after it said why there is none. */
static pid_t
spawn(const struct serve *s, char **argv, int in, int out)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t all;
	pid_t pid;
	int rc;

	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &s->mask);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawnp(&pid, argv[0], &files, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	if (rc == 0)
		return pid;
	warnc(rc, "%s", argv[0]);
	return 0;
}

/* Standard output is for our own line: what the client says is for error. */
static void
client_start(struct serve *s)
{
	char *argv[] = { "/bin/sh", "-c", s->client, NULL };

	if (s->client == NULL)
		return;
	s->client_pid = spawn(s, argv, STDIN_FILENO, STDERR_FILENO);
	if (s->client_pid == 0)
		exit(EX_OSERR);
}

static void
client_ended(struct serve *s, int status, const struct rusage *used)
{
	s->client_pid = 0;
	s->tally.client_rc = WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
	s->tally.client_cpu_us = cpu_us(used);
	if (s->seconds == 0)
		alarm(DRAIN_SECONDS);
}

/* One slot of s->live that holds pid; 0 finds a free one. */
static pid_t *
handler_slot(struct serve *s, pid_t pid)
{
	size_t i;

	for (i = 0; i < s->maxlive; i++)
		if (s->live[i] == pid)
			return &s->live[i];
	return NULL;
}

/* A handler, or an orphan of one, has ended. */
static void
handler_ended(struct serve *s, pid_t pid, const struct rusage *used)
{
	pid_t *slot;

	if ((slot = handler_slot(s, pid)) != NULL) {
		*slot = 0;
		s->nlive--;
	}
	s->tally.cpu_us += cpu_us(used);
	if (used->ru_maxrss > s->tally.maxrss_kb)
		s->tally.maxrss_kb = used->ru_maxrss;
}

static void
serve_accept(struct serve *s)
{
	pid_t pid;
	int fd;

	fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd == -1)
		return;
	s->tally.connections++;
	if ((pid = spawn(s, s->handler, fd, fd)) != 0) {
		*handler_slot(s, 0) = pid;
		s->nlive++;
		s->childless = false;
	}
	close(fd);
}

/* Takes one ended child off; flags are wait4's.  False: there was none. */
static bool
serve_reap(struct serve *s, int flags)
{
	struct rusage used;
	pid_t pid;
	int status;

	pid = wait4(-1, &status, flags, &used);
	if (pid <= 0) {
		s->childless = pid == -1 && errno == ECHILD;
		return false;
	}
	s->tally.end_us = now_us();
	if (pid == s->client_pid)
		client_ended(s, status, &used);
	else
		handler_ended(s, pid, &used);
	return true;
}

static void
serve_signals(struct serve *s)
{
	struct signalfd_siginfo si;

	while (read(s->signals, &si, sizeof(si)) == sizeof(si))
		if (si.ssi_signo != SIGCHLD)
			s->stopped = s->done = true;
	while (serve_reap(s, WNOHANG))
		continue;
}

/* Waits for the next thing to do and does it. */
static void
serve_turn(struct serve *s)
{
	struct pollfd p[2] = {
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = s->nlive < s->maxlive ? s->listener : -1,
		    .events = POLLIN }
	};
	bool drained;
	int n;

	drained = s->client != NULL && s->client_pid == 0 && s->childless;
	n = poll(p, 2, drained ? 0 : -1);
	if (n == 0 && drained)
		s->done = true;
	if (n <= 0)
		return;
	if (p[0].revents != 0)
		serve_signals(s);
	if (p[1].revents != 0 && !s->stopped)
		serve_accept(s);
}

/* Orphans come to us as the subreaper: there is always a way to the last. */
static void
kill_children(void)
{
	FILE *f;
	long pid;

	if ((f = fopen("/proc/thread-self/children", "re")) == NULL)
		err(EX_OSERR, "/proc/thread-self/children");
	while (fscanf(f, "%ld", &pid) == 1)
		kill((pid_t)pid, SIGKILL);
	fclose(f);
}

static void
serve_close(struct serve *s)
{
	if (s->path != NULL)
		unlink(s->path);
	close(s->listener);
	do {
		kill_children();
	} while (serve_reap(s, 0));
	free(s->live);
	close(s->signals);
}

/* Returns the exit status: of a run that was cut, or whose client failed, 1. */
static int
serve_report(const struct tally *t, bool cut, bool hung)
{
	printf("wall_us=%ld conns=%ld cpu_us=%ld maxrss_kb=%ld client_rc=%d "
	    "client_cpu_us=%ld hung=%d\n", t->end_us - t->start_us,
	    t->connections, t->cpu_us, t->maxrss_kb,
	    cut ? CUT_RC : t->client_rc, t->client_cpu_us, hung);
	return cut || hung || t->client_rc != 0;
}

int
main(int argc, char **argv)
{
	struct serve s = { 0 };
	bool cut, hung;

	parse_options(&s, argc, argv);
	serve_open(&s);
	client_start(&s);
	while (!s.done)
		serve_turn(&s);
	cut = s.client_pid != 0;
	hung = s.client != NULL && s.stopped && !cut;
	serve_close(&s);
	if (s.client == NULL)
		return 0;
	return serve_report(&s.tally, cut, hung);
}
