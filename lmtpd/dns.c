/*
 * Asks name servers by res_nquery(3), which alone is named here: UDP, and TCP
 * where an answer was cut.  It trusts the servers of resolv.conf for what
 * they say, and for nothing of its form.
 */
#include <netinet/in.h>
#include <netdb.h>
#include <resolv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "dns.h"

#define NAME_MAX_BYTES	253	/* RFC 7208 section 4.3, without a last dot */
#define LABEL_MAX_BYTES	63

struct dns {
	struct __res_state	 res;
	int			 retrans;	/* as resolv.conf has it */
	int			 retry;
	int			 servers;
	struct timespec		 deadline;
	uint8_t			 msg[NS_MAXMSG];
};

struct dns *
dns_open(void)
{
	struct dns	*dns = calloc(1, sizeof(*dns));

	if (dns == NULL)
		return NULL;
	if (res_ninit(&dns->res) == -1) {
		free(dns);
		return NULL;
	}
	/* No file can be read later; names are whole, no suffix is tried. */
	dns->res.options |= RES_NORELOAD;
	dns->res.options &= ~(unsigned long)(RES_DNSRCH | RES_DEFNAMES);
	dns->retrans = dns->res.retrans;
	dns->retry = dns->res.retry;
	dns->servers = dns->res.nscount;
	return dns;
}

void
dns_free(struct dns *dns)
{
	if (dns == NULL)
		return;
	res_nclose(&dns->res);
	free(dns);
}

void
dns_start(struct dns *dns, unsigned int seconds)
{
	clock_gettime(CLOCK_MONOTONIC, &dns->deadline);
	dns->deadline.tv_sec += seconds;
}

/* Whole seconds, as glibc counts no smaller ones; one that has begun counts:
 * whoever waits for us grants a little more. */
static long
seconds_left(const struct dns *dns)
{
	struct timespec	 now;
	long		 left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (long)(dns->deadline.tv_sec - now.tv_sec);
	return now.tv_nsec < dns->deadline.tv_nsec ? left + 1 : left;
}

/* What one round over all servers may take, as send_dg() of glibc has it. */
static long
round_seconds(int servers, int retrans)
{
	long	 sum = 0, one;

	for (int i = 0; i < servers; i++) {
		one = (long)retrans << i;
		if (i > 0)
			one /= servers;
		sum += one < 1 ? 1 : one;
	}
	return sum;
}

bool
dns_late(const struct dns *dns)
{
	return seconds_left(dns) < round_seconds(1, 1);
}

static bool
try_patience(struct dns *dns, int servers, int retry, long left)
{
	for (int wait = dns->retrans; wait > 0; wait--) {
		if (retry * round_seconds(servers, wait) > left)
			continue;
		dns->res.nscount = servers;
		dns->res.retry = retry;
		dns->res.retrans = wait;
		return true;
	}
	return false;
}

/*
 * As patient as resolv.conf asks and the deadline allows, with all servers if
 * one round of them fits; -1: it is past.
 */
static int
set_patience(struct dns *dns)
{
	long	 left = seconds_left(dns);

	for (int retry = dns->retry; retry > 0; retry--)
		if (try_patience(dns, dns->servers, retry, left))
			return 0;
	for (int servers = dns->servers - 1; servers > 0; servers--)
		if (try_patience(dns, servers, 1, left))
			return 0;
	return -1;
}

/*
 * A name as it can be asked for, with what ns_name_ntop(3) escapes escaped;
 * false where there can be no such name.
 */
static bool
write_name(const char *name, char *out)
{
	uint8_t		 wire[NS_MAXCDNAME];
	size_t		 len = strlen(name), at = 0, label;

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len == 0 || len > NAME_MAX_BYTES)
		return false;
	for (const char *s = name; s < name + len; s += label + 1) {
		label = strcspn(s, ".");
		if (label == 0 || label > LABEL_MAX_BYTES)
			return false;
		wire[at++] = (uint8_t)label;
		memcpy(wire + at, s, label);
		at += label;
	}
	wire[at] = 0;
	return ns_name_ntop(wire, out, NS_MAXDNAME) != -1;
}

static enum dns_status
ask_once(struct dns *dns, const char *name, int type, struct dns_answer *a)
{
	int	 n;

	if (set_patience(dns) == -1)
		return DNS_FAILED;
	n = res_nquery(&dns->res, name, ns_c_in, type, dns->msg,
	    sizeof(dns->msg));
	if (n == -1)
		return dns->res.res_h_errno == HOST_NOT_FOUND ||
		    dns->res.res_h_errno == NO_DATA ? DNS_VOID : DNS_FAILED;
	if ((size_t)n > sizeof(dns->msg) ||
	    dns_answer_read(a, dns->msg, (size_t)n, name, type) == -1)
		return DNS_FAILED;
	return a->count > 0 ? DNS_FOUND : DNS_VOID;
}

/*
 * A server that does not follow aliases answers with the first one alone.  A
 * loop of them, or one of a dozen, is a name without records.
 */
enum dns_status
dns_ask(struct dns *dns, const char *name, int type, struct dns_answer *a)
{
	char		 asked[NS_MAXDNAME];
	enum dns_status	 status;
	bool		 alias;

	memset(a, 0, sizeof(*a));
	if (!write_name(name, asked))
		return DNS_NO_NAME;
	for (int i = 0; i <= DNS_CNAMES_MAX; i++) {
		status = ask_once(dns, asked, type, a);
		if (status == DNS_FOUND)
			return status;
		alias = status == DNS_VOID && a->owner[0] != '\0' &&
		    strcasecmp(a->owner, asked) != 0;
		if (alias)
			strlcpy(asked, a->owner, sizeof(asked));
		dns_answer_free(a);
		if (!alias)
			return status;
	}
	return DNS_VOID;
}
