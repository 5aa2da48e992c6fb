/*
 * lmtpd: one LMTP client on standard input and output.  This file sets the
 * processes up in the order that keeps them apart: descriptors moved, root
 * given up, the monitor and the engine host forked, and only then, by the
 * monitor alone, the configuration read.
 */
#include <sys/stat.h>

#include <err.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "addr.h"
#include "conf.h"
#include "host.h"
#include "keeper.h"
#include "log.h"
#include "monitor.h"
#include "privsep.h"
#include "reply.h"
#include "sandbox.h"

struct options {
	const char	*conf;
	const char	*user;
	bool		 check;		/* -n */
	bool		 debug;		/* -d */
	bool		 open;		/* --no-sandbox */
	struct lmtp_xforward client;	/* of --client-...; none given: 0 */
};

/* A client that is there must not take our words for replies. */
static _Noreturn void
usage(void)
{
	struct stat st;

	if (fstat(STDIN_FILENO, &st) == 0 && S_ISSOCK(st.st_mode))
		dprintf(STDOUT_FILENO, "421 4.3.5 started with wrong "
		    "options, see lmtpd(8)\r\n");
	else
		fprintf(stderr, "usage: lmtpd [-dn] [-f conf] [-u user] "
		    "[--no-sandbox]\n"
		    "             [--client-address address] "
		    "[--client-helo name]\n"
		    "             [--client-name name]\n");
	exit(EX_USAGE);
}

/* One fact of the client's, from a caller that executes us itself (Exim). */
static void
take_client(struct options *o, enum lmtp_attr attr, const char *value)
{
	struct ip_addr addr;
	char *room = o->client.value[attr];

	o->client.given |= 1U << attr;
	if (!addr_clean(value, strlen(value)) || (attr == XF_ADDR &&
	    *value != '\0' && ip_read(value, &addr) == -1))
		errx(EX_USAGE, "the client's %s is malformed",
		    attr == XF_ADDR ? "address" : "name");
	if (attr == XF_ADDR && *value != '\0')
		ip_write(&addr, room);
	else if (strlcpy(room, value, LMTP_NAME_MAX) >= LMTP_NAME_MAX)
		errx(EX_USAGE, "the client's name is too long");
}

static void
parse_options(int argc, char **argv, struct options *o)
{
	enum { ADDRESS = 256, HELO, NAME, NO_SANDBOX };
	static const struct option options[] = {
		{ "client-address", required_argument, NULL, ADDRESS },
		{ "client-helo", required_argument, NULL, HELO },
		{ "client-name", required_argument, NULL, NAME },
		{ "no-sandbox", no_argument, NULL, NO_SANDBOX },
		{ 0 }
	};
	int c;

	opterr = 0;	/* usage() knows where to say it */
	o->conf = LMTPD_CONF;
	o->user = LMTPD_USER;
	while ((c = getopt_long(argc, argv, "df:nu:", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			o->debug = true;
			break;
		case 'f':
			o->conf = optarg;
			break;
		case 'n':
			o->check = true;
			break;
		case 'u':
			o->user = optarg;
			break;
		case ADDRESS:
			take_client(o, XF_ADDR, optarg);
			break;
		case HELO:
			take_client(o, XF_HELO, optarg);
			break;
		case NAME:
			take_client(o, XF_NAME, optarg);
			break;
		case NO_SANDBOX:
			o->open = true;
			break;
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
}

static void
say_log(void *arg, enum conf_kind kind, const char *text)
{
	(void)arg;
	if (kind == CONF_ERROR)
		log_warnx("%s", text);
}

static const struct conf_report to_log = { say_log, NULL };

/* -n: read the configuration as the server would, as its user. */
static int
check_only(const struct options *o)
{
	struct policy *policy;

	log_open("lmtpd", STDERR_FILENO);
	if (privsep_drop_root(o->user) == -1)
		return EX_OSERR;
	if ((policy = conf_load(o->conf, &to_log)) == NULL)
		return EX_CONFIG;
	policy_free(policy);
	printf("configuration OK\n");
	return EX_OK;
}

/* Our fault, whatever it is: the client keeps the mail and comes again. */
static int
turn_away(int out, const char *reply, int code)
{
	struct replies r = { .fd = out, .idle = 10, .stop_fd = -1 };

	reply_add(&r, "%s", reply);
	reply_flush(&r);
	return code;
}

/* What is inherited, so before the first fork. */
static int
keep_secrets(void)
{
	if (sandbox_secrets() == 0)
		return 0;
	log_warn("cannot keep secrets out of core files");
	return -1;
}

/* What is there decides, too.  Where it is not there, who needs it says so. */
static bool
is_state_ours(const struct policy *policy)
{
	struct stat st;

	if (stat(policy->state_dir, &st) == -1 || st.st_uid == 0 ||
	    st.st_uid == geteuid())
		return true;
	log_warnx("state-dir \"%s\" is user %u's, who could change what is "
	    "decided by: chown it to lmtpd's user, %u", policy->state_dir,
	    (unsigned int)st.st_uid, (unsigned int)geteuid());
	return false;
}

static int
serve(const struct options *o, const struct client_fds *fds, int control,
    pid_t host)
{
	const struct monitor_start start = {
		.in = fds->in,
		.out = fds->out,
		.control = control,
		.host = host,
		.confined = !o->open,
		.given = o->client.given != 0 ? &o->client : NULL
	};
	struct policy *policy = conf_load(o->conf, &to_log);

	if (policy == NULL || !is_state_ours(policy)) {
		policy_free(policy);
		return turn_away(fds->out,
		    "421 4.3.5 configuration error, see the log", EX_CONFIG);
	}
	monitor_run(policy, &start);
	policy_free(policy);
	return EX_OK;
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct client_fds fds;
	int control;
	pid_t host;

	closefrom(STDERR_FILENO + 1);
	/* who executes us may ignore it, and waitpid(2) would know nothing */
	signal(SIGCHLD, SIG_DFL);
	parse_options(argc, argv, &o);
	if (o.check)
		return check_only(&o);
	if (privsep_move_stdio(&fds) == -1)
		return EX_OSERR;
	log_open("lmtpd", o.debug ? fds.err : -1);
	if (privsep_drop_root(o.user) == -1 || keep_secrets() == -1)
		return turn_away(fds.out, "421 4.3.0 service not available, "
		    "see the log", EX_OSERR);
	if (keeper_fork(fds.in, fds.out) == -1 ||
	    (host = privsep_fork(&control)) == -1)
		return turn_away(fds.out, "421 4.3.0 no more processes",
		    EX_OSERR);
	if (host == 0) {
		privsep_wipe_environment();
		host_run(control, fds.in, !o.open);
	}
	return serve(&o, &fds, control, host);
}
