/*
 * lmtpctl spf: what the confined resolver says of a client and a sender.
 * 0 pass, 1 another word of RFC 7208 that is an answer, 2 temperror or
 * permerror.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "addr.h"
#include "conf.h"
#include "ctl.h"
#include "idn.h"
#include "log.h"
#include "privsep.h"
#include "resolver.h"

#define DNS_TIMEOUT	20	/* as lmtpd.conf(5) has it */

static int
usage(void)
{
	fprintf(stderr, "usage: lmtpctl [-f conf] spf --client ADDRESS "
	    "--helo NAME --sender ADDRESS\n           [--record DOMAIN]\n");
	return EX_USAGE;
}

static int
complain(const char *option, const char *value, const char *right)
{
	char safe[4 * ADDR_MAX];

	fprintf(stderr, "lmtpctl: %s %s: not %s\n", option,
	    log_safe(safe, sizeof(safe), value), right);
	return -1;
}

static void
say_nothing(void *arg, enum conf_kind kind, const char *text)
{
	(void)arg;
	(void)kind;
	(void)text;
}

static const struct conf_report to_nobody = { say_nothing, NULL };

/*
 * dns-timeout, and from root to the state dir's owner where there is one: the
 * resolver gives its privileges up by itself.
 */
static unsigned int
settle(const char *path)
{
	unsigned int timeout = DNS_TIMEOUT;
	struct policy *policy = NULL;

	if (access(path, F_OK) == 0 &&
	    (policy = conf_load(path, &to_nobody)) == NULL)
		log_warnx("cannot use %s, dns-timeout is %u (lmtpctl check "
		    "tells why)", path, timeout);
	if (policy != NULL)
		timeout = policy->dns_timeout;
	if (privsep_become_owner(policy != NULL ? policy->state_dir :
	    LMTPD_STATE_DIR) == -1 && policy != NULL)
		log_warnx("state-dir %s: %s, going on as root",
		    policy->state_dir, errno == EPERM ? "root owns it" :
		    strerror(errno));
	policy_free(policy);
	return timeout;
}

/*
 * As it came, with or without its angle brackets; "" is the null sender.  What
 * is no address has its word in RFC 7208 too.  SPF knows A-labels only.
 */
static int
read_sender(const char *s, struct spf_question *q)
{
	char ascii[SPF_NAME_MAX];
	size_t len = strlen(s), local;

	if (len >= 2 && s[0] == '<' && s[len - 1] == '>') {
		s++;
		len -= 2;
	}
	if (len >= sizeof(q->sender))
		return complain("--sender", s, "511 characters at most");
	memcpy(q->sender, s, len);
	local = len - strlen(addr_domain(q->sender));
	if (idn_to_ascii(q->sender + local, ascii, sizeof(ascii)) == 0)
		strlcpy(q->sender + local, ascii, sizeof(q->sender) - local);
	return 0;
}

static int
read_record(const char *s, struct spf_question *q)
{
	q->op = SPF_RECORD;
	if (idn_to_ascii(s, q->domain, sizeof(q->domain)) == 0)
		return 0;
	return complain("--record", s, "a domain");
}

static int
read_option(int option, const char *value, struct spf_question *q)
{
	switch (option) {
	case 'c':
		return ip_read(value, &q->client) == 0 ? 0 :
		    complain("--client", value, "an IP address");
	case 'h':
		return strlcpy(q->helo, value, sizeof(q->helo)) <
		    sizeof(q->helo) ? 0 :
		    complain("--helo", value, "255 characters at most");
	case 's':
		return read_sender(value, q);
	case 'r':
		return read_record(value, q);
	default:
		return usage();
	}
}

/* 0, or an exit status. */
static int
read_options(int argc, char **argv, struct spf_question *q)
{
	static const struct option options[] = {
		{ "client", required_argument, NULL, 'c' },
		{ "helo", required_argument, NULL, 'h' },
		{ "sender", required_argument, NULL, 's' },
		{ "record", required_argument, NULL, 'r' },
		{ 0 }
	};
	bool given[UINT8_MAX + 1] = { false };
	int c;

	memset(q, 0, sizeof(*q));
	q->op = SPF_CHECK;
	optind = 0;	/* getopt(3) begins anew */
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (read_option(c, optarg, q) != 0)
			return EX_USAGE;
		given[c] = true;
	}
	return optind == argc && given['c'] && given['h'] && given['s'] ?
	    0 : usage();
}

static int
status(enum spf_result result)
{
	switch (result) {
	case SPF_PASS:
		return 0;
	case SPF_TEMPERROR:
	case SPF_PERMERROR:
		return 2;
	default:
		return 1;
	}
}

/* What was logged meanwhile, behind the word that it explains. */
static void
show(FILE *notes)
{
	char line[LOG_LINE_MAX];

	fflush(stdout);
	rewind(notes);
	while (fgets(line, sizeof(line), notes) != NULL)
		fputs(line, stderr);
	fclose(notes);
}

int
ctl_spf(const struct ctl *ctl, int argc, char **argv)
{
	struct resolver *resolver;
	struct spf_question q;
	struct spf_answer a;
	FILE *notes;

	if (read_options(argc, argv, &q) != 0)
		return EX_USAGE;
	if ((notes = tmpfile()) == NULL)
		err(EX_OSERR, "a temporary file");
	log_open("lmtpctl", fileno(notes));
	resolver = resolver_new(resolver_dir(), settle(ctl->conf), true);
	if (resolver == NULL)
		errx(EX_OSERR, "out of memory");
	resolver_ask(resolver, &q, &a);
	resolver_free(resolver);
	printf("%s (%u lookups, %u void)\n", spf_result_name(a.result),
	    a.lookups, a.voids);
	show(notes);
	return status(a.result);
}
