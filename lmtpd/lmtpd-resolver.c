/*
 * lmtpd-resolver: answers questions of SPF on descriptor 3, until its end.
 * Started by resolver.c with an empty environment.  It is trusted until the
 * first answer of a name server has come in, and is confined before that.
 */
#include <sys/resource.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "dns.h"
#include "log.h"
#include "resolver.h"
#include "sandbox.h"
#include "spf.h"
#include "spf_eval.h"

#define CHANNEL		3
#define MIB		(1024 * 1024)
#define SOCKETS		16	/* 0 to 3, resolv.conf, 3 servers, reserves */

static bool
is_channel(int fd)
{
	socklen_t len = sizeof(int);
	int type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    type == SOCK_SEQPACKET;
}

/* The channel and /dev/null are all that it holds. */
static int
drop_descriptors(void)
{
	int fd, null;

	if (close_range(CHANNEL + 1, ~0U, 0) == -1 ||
	    (null = open("/dev/null", O_RDWR)) == -1)
		return -1;
	for (fd = 0; fd < CHANNEL; fd++)
		if (fd != null && dup2(null, fd) == -1)
			return -1;
	if (null > CHANNEL)
		close(null);
	return fcntl(CHANNEL, F_SETFD, FD_CLOEXEC);
}

/* RLIMIT_CPU was set by resolver.c, which knows the time there is. */
static int
set_limits(void)
{
	return sandbox_limit(RLIMIT_AS, 256 * MIB) == -1 ||
	    sandbox_limit(RLIMIT_DATA, 64 * MIB) == -1 ||
	    sandbox_limit(RLIMIT_NOFILE, SOCKETS) == -1 ||
	    sandbox_limit(RLIMIT_FSIZE, 0) == -1 ||
	    sandbox_limit(RLIMIT_CORE, 0) == -1 ||
	    sandbox_limit(RLIMIT_NPROC, 0) == -1 ? -1 : 0;
}

/* 1: answered; 0: there are no more; -1: the channel broke, or nonsense. */
static int
serve_once(struct dns *dns)
{
	union {
		struct spf_question	 question;
		char			 room[sizeof(struct spf_question) + 1];
	} in;
	struct spf_answer answer;
	ssize_t n;

	do
		n = recv(CHANNEL, &in, sizeof(in.room), 0);
	while (n == -1 && errno == EINTR);
	if (n <= 0)
		return (int)n;
	if (!spf_question_valid(&in, (size_t)n))
		return -1;
	memset(&answer, 0, sizeof(answer));
	spf_eval(dns, &in.question, &answer);
	n = send(CHANNEL, &answer, sizeof(answer), MSG_NOSIGNAL);
	return n == sizeof(answer) ? 1 : -1;
}

static bool
confine(void)
{
	enum sandbox_step step = sandbox_resolver();

	if (step != SANDBOX_STEPS)
		log_warn("sandbox: %s", sandbox_step_name(step));
	return step == SANDBOX_STEPS;
}

int
main(int argc, char **argv)
{
	bool confined = argc == 1;
	struct dns *dns;
	int rc;

	if ((!confined && (argc != 2 || strcmp(argv[1], "--no-sandbox") != 0))
	    || !is_channel(CHANNEL))
		errx(EX_USAGE, "is started by lmtpd and lmtpctl");
	log_open("lmtpd-resolver", -1);
	if (drop_descriptors() == -1 || set_limits() == -1) {
		log_warn("cannot start");
		return EX_OSERR;
	}
	if ((dns = dns_open()) == NULL) {
		log_warn("no resolver");
		return EX_OSERR;
	}
	if (confined && !confine())
		return RESOLVER_UNCONFINED;
	while ((rc = serve_once(dns)) == 1)
		;
	dns_free(dns);
	return rc == 0 ? EX_OK : EX_PROTOCOL;
}
