/*
 * The words of a "security" list.  What the network does not tell is never a
 * pass; what costs a question is asked only when nothing cheaper holds.
 */
#include <sys/socket.h>

#include "security.h"

static bool
in_nets(const struct security *s, const struct ip_addr *client)
{
	size_t i;

	for (i = 0; i < s->nets; i++)
		if (ip_in_net(client, &s->net[i]))
			return true;
	return false;
}

/* Words that ask the DNS about the client's address. */
static const struct {
	unsigned int	 word;
	enum fact	 fact;
	const char	*name;
} asked[] = {
	{ SECURITY_SPF, FACT_SPF, "spf" },
	{ SECURITY_GOOGLE, FACT_GOOGLE, "google" },
	{ SECURITY_OUTLOOK, FACT_OUTLOOK, "outlook" }
};

#define ASKED	(sizeof(asked) / sizeof(asked[0]))

static enum spf_result
result_of(const struct facts *f, enum fact fact)
{
	return fact == FACT_SPF ? f->spf :
	    fact == FACT_GOOGLE ? f->google : f->outlook;
}

/*
 * A provider's record that is broken is no fault of the sender's: it could
 * not tell.
 */
static enum reason
reason_of(enum fact fact, enum spf_result result)
{
	switch (result) {
	case SPF_TEMPERROR:
		return REASON_DNS;
	case SPF_PERMERROR:
		return fact == FACT_SPF ? REASON_SPF_PERMERROR : REASON_DNS;
	case SPF_FAIL:
		return fact == FACT_SPF ? REASON_SPF_FAIL : REASON_SECURITY;
	default:
		return REASON_SECURITY;
	}
}

static bool
holds_at_once(const struct security *s, const struct facts *f)
{
	return (s->words & SECURITY_NONE) ||
	    ((s->words & SECURITY_LOCAL) && f->local) ||
	    in_nets(s, &f->client) ||
	    ((s->words & SECURITY_DKIM) && f->header && f->dkim) ||
	    ((s->words & SECURITY_DMARC) && f->header && f->dmarc);
}

static bool
needs_origin(const struct security *s)
{
	return s->nets > 0 || (s->words & (SECURITY_LOCAL | SECURITY_SPF |
	    SECURITY_GOOGLE | SECURITY_OUTLOOK));
}

/* What the words that ask the DNS came to: *pass, or the worst reason. */
static enum reason
weigh(const struct security *s, const struct facts *f, bool *pass,
    const struct trace *trace)
{
	enum reason worst = REASON_SECURITY, reason;
	size_t i;

	*pass = false;
	for (i = 0; i < ASKED; i++) {
		enum spf_result result = result_of(f, asked[i].fact);

		if (!(s->words & asked[i].word))
			continue;
		trace_step(trace, "%s: %s", asked[i].name,
		    spf_result_name(result));
		if (result == SPF_PASS)
			*pass = true;
		reason = reason_of(asked[i].fact, result);
		if (reason == REASON_DNS || worst == REASON_SECURITY)
			worst = reason;
	}
	return worst;
}

static unsigned int
missing_facts(const struct security *s, const struct facts *f)
{
	unsigned int needs = 0;
	size_t i;

	for (i = 0; i < ASKED; i++)
		if (s->words & asked[i].word)
			needs |= asked[i].fact;
	return needs & ~f->fetched;
}

/* Nothing holds, so far; does the message still have a say? */
static enum verdict
unless_header(const struct security *s, const struct facts *f,
    enum verdict otherwise)
{
	return (s->words & (SECURITY_DKIM | SECURITY_DMARC)) && !f->header ?
	    VERDICT_AFTER_DATA : otherwise;
}

static void
trace_known(const struct security *s, const struct facts *f,
    const struct trace *trace)
{
	char ip[ADDR_IP_MAX];

	ip_write(&f->client, ip);
	if (f->header && (s->words & SECURITY_DKIM))
		trace_step(trace, "dkim: %s", f->dkim ? "pass" : "no pass for "
		    "this domain from authserv-id");
	if (f->header && (s->words & SECURITY_DMARC))
		trace_step(trace, "dmarc: %s", f->dmarc ? "pass" : "no pass "
		    "for this domain from authserv-id");
	trace_step(trace, "client %s", f->local ? "local" : *ip != '\0' ? ip :
	    f->later ? "known after DATA" : "unknown");
}

unsigned int
security_judge(const struct security *s, const struct facts *f,
    enum verdict *verdict, enum reason *reason, const struct trace *trace)
{
	bool unknown = f->client.family == AF_UNSPEC && !f->local, pass;
	unsigned int needs;

	trace_known(s, f, trace);
	*verdict = VERDICT_ACCEPT;
	*reason = REASON_OK;
	if (holds_at_once(s, f))
		return 0;
	if (unknown && needs_origin(s)) {
		*reason = REASON_CLIENT_UNKNOWN;
		*verdict = f->later ? VERDICT_AFTER_DATA :
		    unless_header(s, f, VERDICT_DEFER);
		return 0;
	}
	if (!f->local && (needs = missing_facts(s, f)) != 0)
		return needs;
	*reason = REASON_SECURITY;
	pass = false;
	if (!f->local)
		*reason = weigh(s, f, &pass, trace);
	if (pass)
		*reason = REASON_OK;
	else
		*verdict = unless_header(s, f, *reason == REASON_DNS ?
		    VERDICT_DEFER : VERDICT_REFUSE);
	return 0;
}

const char *
security_provider(const struct security *s, const struct facts *f)
{
	size_t i;

	if (f->local || holds_at_once(s, f))
		return NULL;
	for (i = 0; i < ASKED; i++)
		if ((s->words & asked[i].word) &&
		    asked[i].word != SECURITY_SPF &&
		    result_of(f, asked[i].fact) == SPF_PASS)
			return asked[i].name;
	return NULL;
}
