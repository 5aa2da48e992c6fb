/*
 * check_host() of RFC 7208: walks the terms of a record, follows include and
 * redirect, and holds every limit over the whole check.  Trusts no record and
 * no name; what cannot be told is an error, and an error is no pass.
 */
#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spf_client.h"
#include "spf_eval.h"
#include "spf_lib.h"
#include "spf_macro.h"
#include "spf_record.h"

#define LOOKUPS_MAX	10	/* RFC 7208 section 4.6.4 */
#define LABEL_MAX	63
#define MAPPED		"\0\0\0\0\0\0\0\0\0\0\xff\xff"	/* ::ffff:0:0/96 */

struct check {
	struct spf_client	 client;
	struct spf_macros	 macro;
	uint32_t		 lookups;
	char			 local[ADDR_MAX];
	char			 sender[ADDR_MAX];
};

static enum spf_result	 check_host(struct check *, const char *);

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* Section 4.3: two labels at least, none empty or long, no literal. */
static bool
is_domain(const char *s)
{
	size_t	 len = strlen(s), label, labels = 0;

	if (len > 0 && s[len - 1] == '.')
		len--;
	if (len == 0 || len >= SPF_DOMAIN_MAX || s[0] == '[' || !is_ascii(s))
		return false;
	for (size_t at = 0; at < len; at += label + 1) {
		label = strcspn(s + at, ".");
		if (label == 0 || label > LABEL_MAX)
			return false;
		labels++;
	}
	return labels >= 2;
}

static int
fail(struct check *c, enum spf_result error)
{
	c->client.error = error;
	return -1;
}

static bool
count_lookup(struct check *c)
{
	if (++c->lookups <= LOOKUPS_MAX)
		return true;
	fail(c, SPF_PERMERROR);
	return false;
}

/*
 * The domain that a term is about.  0: it cannot be told, since no name holds
 * a local part that is not ASCII (RFC 8616 section 4).
 */
static int
expand(struct check *c, const struct spf_term *t, char *name)
{
	if (t->spec == NULL) {
		strlcpy(name, c->macro.domain, SPF_DOMAIN_MAX);
		return 1;
	}
	if (!is_ascii(c->local) &&
	    spf_macro_uses(t->spec, t->spec_len, "ls"))
		return 0;
	if (spf_macro_uses(t->spec, t->spec_len, "p")) {
		c->macro.client_name = spf_client_name(&c->client,
		    c->macro.domain);
		if (c->macro.client_name == NULL)
			return -1;
	}
	spf_macro_expand(t->spec, t->spec_len, &c->macro, name);
	return 1;
}

/* The table of section 5.2. */
static int
match_include(struct check *c, const char *domain)
{
	enum spf_result	 result = check_host(c, domain);

	switch (result) {
	case SPF_PASS:
		return 1;
	case SPF_FAIL:
	case SPF_SOFTFAIL:
	case SPF_NEUTRAL:
		return 0;
	case SPF_TEMPERROR:
		return fail(c, SPF_TEMPERROR);
	default:
		return fail(c, SPF_PERMERROR);
	}
}

static int
match_name(struct check *c, const struct spf_term *t)
{
	char	 name[SPF_DOMAIN_MAX];
	int	 rc;

	if (!count_lookup(c))
		return -1;
	rc = expand(c, t, name);
	if (rc != 1)
		return rc;
	if (t->kind == SPF_TERM_INCLUDE)
		return match_include(c, name);
	if (t->kind == SPF_TERM_PTR)
		return spf_client_in(&c->client, name, t->result != SPF_PASS);
	return spf_lib_match(&c->client, t, name);
}

static int
match(struct check *c, const struct spf_term *t)
{
	switch (t->kind) {
	case SPF_TERM_ALL:
		return 1;
	case SPF_TERM_IP:
		return ip_in_net(&c->client.addr, &t->net);
	case SPF_TERM_INCLUDE:
	case SPF_TERM_A:
	case SPF_TERM_MX:
	case SPF_TERM_PTR:
	case SPF_TERM_EXISTS:
		return match_name(c, t);
	default:
		return 0;
	}
}

/* Section 6.1. */
static enum spf_result
redirect(struct check *c, const struct spf_term *t)
{
	char		 name[SPF_DOMAIN_MAX];
	enum spf_result	 result;
	int		 rc;

	if (!count_lookup(c))
		return SPF_PERMERROR;
	rc = expand(c, t, name);
	if (rc != 1)
		return rc == 0 ? SPF_PERMERROR : c->client.error;
	result = check_host(c, name);
	return result == SPF_NONE ? SPF_PERMERROR : result;
}

static enum spf_result
evaluate(struct check *c, const char *text)
{
	struct spf_term	 t, other;
	int		 rc;

	if (!spf_record_check(text, &other))
		return SPF_PERMERROR;
	while (spf_record_next(&text, &t) && t.kind != SPF_TERM_END) {
		rc = match(c, &t);
		if (rc == -1)
			return c->client.error;
		if (rc == 1)
			return t.result;
	}
	return other.kind == SPF_TERM_END ? SPF_NEUTRAL : redirect(c, &other);
}

/* Section 4.5: how many SPF records are among the TXT records, and the last. */
static size_t
find_records(const struct dns_answer *a, const char **found)
{
	size_t	 n = 0;

	for (size_t i = 0; i < a->count; i++)
		if (spf_record_is(a->record[i].text)) {
			*found = a->record[i].text;
			n++;
		}
	return n;
}

/* The text of a domain's record, or NULL and what that means. */
static char *
fetch(struct check *c, const char *domain, enum spf_result *result)
{
	struct dns_answer	 a;
	const char		*found;
	char			*text = NULL;
	size_t			 n;

	*result = SPF_NONE;
	if (spf_client_ask(&c->client, domain, ns_t_txt, &a) == -1) {
		*result = c->client.error;
		dns_answer_free(&a);
		return NULL;
	}
	n = find_records(&a, &found);
	if (n == 1) {
		text = strdup(found);
		*result = SPF_TEMPERROR;
	} else if (n > 1)
		*result = SPF_PERMERROR;
	dns_answer_free(&a);
	return text;
}

static enum spf_result
check_host(struct check *c, const char *domain)
{
	const char	*outer = c->macro.domain;
	enum spf_result	 result;
	char		*text;

	if (!is_domain(domain))
		return SPF_NONE;
	text = fetch(c, domain, &result);
	if (text == NULL)
		return result;
	c->macro.domain = domain;
	result = evaluate(c, text);
	c->macro.domain = outer;
	free(text);
	return result;
}

static void
unmap(struct ip_addr *a)
{
	if (a->family != AF_INET6 ||
	    memcmp(a->byte, MAPPED, sizeof(MAPPED) - 1) != 0)
		return;
	memmove(a->byte, a->byte + 12, 4);
	memset(a->byte + 4, 0, 12);
	a->family = AF_INET;
}

/* Who is asked about (sections 2.4 and 4.3): the sender, or its HELO. */
static void
set_identity(struct check *c, const struct spf_question *q)
{
	const char	*origin = q->helo;
	size_t		 n = 0;

	if (q->sender[0] != '\0') {
		origin = addr_domain(q->sender);
		n = addr_local_len(q->sender);
		memcpy(c->local, q->sender, n);
	}
	if (n == 0)
		strlcpy(c->local, "postmaster", sizeof(c->local));
	if (snprintf(c->sender, sizeof(c->sender), "%s@%s", c->local,
	    origin) >= (int)sizeof(c->sender))
		origin = "";
	c->macro = (struct spf_macros){ .sender = c->sender,
	    .local = c->local, .origin = origin, .domain = origin,
	    .helo = q->helo, .client_name = "unknown",
	    .client = c->client.addr };
}

static enum spf_result
eval_client(struct dns *dns, const struct spf_question *q,
    struct spf_answer *a)
{
	struct check	 c = { .lookups = 0 };
	struct ip_addr	 client = q->client;
	enum spf_result	 result;
	int		 rc;

	unmap(&client);
	if (client.family != AF_INET && client.family != AF_INET6)
		return SPF_TEMPERROR;
	spf_client_init(&c.client, dns, &client);
	set_identity(&c, q);
	if (q->op == SPF_RECORD) {
		count_lookup(&c);
		rc = match_include(&c, q->domain);
		result = rc == -1 ? c.client.error :
		    rc == 1 ? SPF_PASS : SPF_FAIL;
	} else
		result = check_host(&c, c.macro.origin);
	a->lookups = c.lookups;
	a->voids = c.client.voids;
	return result == SPF_PASS && ip_is_loopback(&client) ? SPF_NONE :
	    result;
}

static enum spf_result
eval_token(struct dns *dns, const struct spf_question *q,
    struct spf_answer *a)
{
	struct dns_answer	 txt;
	enum dns_status		 status;
	enum spf_result		 result = SPF_NONE;

	status = dns_ask(dns, q->domain, ns_t_txt, &txt);
	for (size_t i = 0; i < txt.count; i++)
		if (strcmp(txt.record[i].text, q->token) == 0)
			result = SPF_PASS;
	a->records = (uint32_t)txt.count;
	a->ttl = txt.ttl;
	dns_answer_free(&txt);
	return status == DNS_FAILED ? SPF_TEMPERROR : result;
}

void
spf_eval(struct dns *dns, const struct spf_question *q, struct spf_answer *a)
{
	memset(a, 0, sizeof(*a));
	spf_lib_silence();
	dns_start(dns, q->timeout);
	if (q->op == SPF_TOKEN)
		a->result = eval_token(dns, q, a);
	else
		a->result = eval_client(dns, q, a);
}
