/*
 * What every process does to itself before it meets a stranger's byte.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "privsep.h"

#define FD_FLOOR	3

/* A terminal may serve as both; a socket or FIFO is the client's alone. */
static bool
is_client_too(int fd, int client)
{
	struct stat a, b;

	if (fstat(fd, &a) == -1 || fstat(client, &b) == -1)
		return false;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino &&
	    (S_ISSOCK(a.st_mode) || S_ISFIFO(a.st_mode));
}

int
privsep_move_stdio(struct client_fds *fds)
{
	int null, fd;

	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		return -1;
	fds->err = -1;
	if (!is_client_too(STDERR_FILENO, STDIN_FILENO) &&
	    !is_client_too(STDERR_FILENO, STDOUT_FILENO))
		fds->err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, FD_FLOOR);
	fds->in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, FD_FLOOR);
	fds->out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, FD_FLOOR);
	if (fds->in == -1 || fds->out == -1)
		return -1;
	for (fd = 0; fd < FD_FLOOR; fd++)
		if (fd != null && dup2(null, fd) == -1)
			return -1;
	/* Were 0 to 2 not all open, null is one of them and stays. */
	if (null >= FD_FLOOR)
		close(null);
	else if (fcntl(null, F_SETFD, 0) == -1)
		return -1;
	return 0;
}

/* name may be NULL: then no group but gid. */
static int
become(const char *name, uid_t uid, gid_t gid)
{
	int rc = name != NULL ? initgroups(name, gid) : setgroups(1, &gid);

	return rc == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1 ? -1 : 0;
}

int
privsep_become_owner(const char *dir)
{
	struct passwd *pw;
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (stat(dir, &st) == -1)
		return -1;
	if (st.st_uid == 0) {
		errno = EPERM;
		return -1;
	}
	pw = getpwuid(st.st_uid);
	return pw != NULL ? become(pw->pw_name, pw->pw_uid, pw->pw_gid) :
	    become(NULL, st.st_uid, st.st_gid);
}

int
privsep_drop_root(const char *user)
{
	struct passwd *pw;

	if (geteuid() != 0)
		return 0;
	errno = 0;
	if ((pw = getpwnam(user)) == NULL && errno != 0) {
		log_warn("started as root, but user \"%s\" cannot be looked "
		    "up", user);
		return -1;
	}
	if (pw == NULL) {
		log_warnx("started as root, but there is no user \"%s\": "
		    "make it, or name another with -u", user);
		return -1;
	}
	if (pw->pw_uid == 0) {
		log_warnx("started as root: -u must name a user that is not "
		    "root, \"%s\" is", user);
		return -1;
	}
	if (become(pw->pw_name, pw->pw_uid, pw->pw_gid) == -1) {
		log_warn("cannot become user \"%s\"", user);
		return -1;
	}
	return 0;
}

int
privsep_die_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		return -1;
	return getppid() == parent ? 0 : -1;
}

void
privsep_wipe_environment(void)
{
	char **v;

	for (v = environ; v != NULL && *v != NULL; v++)
		explicit_bzero(*v, strlen(*v));
	clearenv();
}

int
privsep_pair(int fd[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd);
}

pid_t
privsep_fork(int *channel)
{
	pid_t parent = getpid(), pid;
	int fd[2];

	if (privsep_pair(fd) == -1)
		return -1;
	switch (pid = fork()) {
	case -1:
		close(fd[0]);
		close(fd[1]);
		return -1;
	case 0:
		close(fd[0]);
		*channel = fd[1];
		if (privsep_die_with(parent) == -1)
			_exit(1);
		return 0;
	default:
		close(fd[1]);
		*channel = fd[0];
		return pid;
	}
}
