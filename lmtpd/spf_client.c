/*
 * Asks the DNS for an SPF check, with the limits of RFC 7208 section 4.6.4
 * over the whole of it.  Trusts no name that an address claims before the
 * name has claimed the address (section 5.5).
 */
#include <sys/socket.h>

#include <string.h>
#include <strings.h>

#include "spf_client.h"

#define REVERSE		"%{ir}.%{v}.arpa"

void
spf_client_init(struct spf_client *c, struct dns *dns,
    const struct ip_addr *addr)
{
	memset(c, 0, sizeof(*c));
	c->dns = dns;
	c->addr = *addr;
	c->error = SPF_TEMPERROR;
}

static int
over_limit(struct spf_client *c)
{
	c->error = SPF_PERMERROR;
	return -1;
}

int
spf_client_ask(struct spf_client *c, const char *name, int type,
    struct dns_answer *a)
{
	switch (dns_ask(c->dns, name, type, a)) {
	case DNS_FOUND:
		if (type == ns_t_mx && a->count > SPF_LIMIT_HOSTS)
			return over_limit(c);
		return 1;
	case DNS_VOID:
		if (type != ns_t_txt && ++c->voids > SPF_LIMIT_VOIDS)
			return over_limit(c);
		return 0;
	case DNS_NO_NAME:
		return 0;
	default:
		c->error = SPF_TEMPERROR;
		return -1;
	}
}

/* Whether one of a host's addresses is the client's. */
static int
bears_address(struct spf_client *c, const char *host)
{
	int			 type, rc;
	struct dns_answer	 a;

	type = c->addr.family == AF_INET ? ns_t_a : ns_t_aaaa;
	rc = spf_client_ask(c, host, type, &a);
	if (rc == 1) {
		rc = 0;
		for (size_t i = 0; i < a.count; i++)
			if (ip_equal(&a.record[i].addr, &c->addr))
				rc = 1;
	}
	dns_answer_free(&a);
	return rc;
}

/* A fault is no end yet: another name may do. */
static int
doubt(struct spf_client *c)
{
	c->doubt = true;
	return c->error == SPF_TEMPERROR ? 0 : -1;
}

static int
take_name(struct spf_client *c, const char *host)
{
	int	 rc = bears_address(c, host);

	if (rc == -1)
		return doubt(c);
	if (rc == 1 && strlcpy(c->name[c->names], host,
	    sizeof(c->name[0])) < sizeof(c->name[0]))
		c->names++;
	return 0;
}

/* Of more than ten names the rest is not looked at. */
static int
find_names(struct spf_client *c)
{
	struct spf_macros	 m = { .client = c->addr };
	struct dns_answer	 a;
	char			 reverse[SPF_DOMAIN_MAX];
	int			 rc;

	spf_macro_expand(REVERSE, strlen(REVERSE), &m, reverse);
	rc = spf_client_ask(c, reverse, ns_t_ptr, &a);
	if (rc == -1)
		rc = doubt(c);
	for (size_t i = 0; rc != -1 && i < a.count && i < SPF_LIMIT_HOSTS; i++)
		rc = take_name(c, a.record[i].text);
	dns_answer_free(&a);
	return rc == -1 ? -1 : 0;
}

/* Asked once in a check, and counted as often as a term needs them. */
static int
need_names(struct spf_client *c)
{
	uint32_t	 before = c->voids;
	int		 rc;

	if (c->named) {
		c->voids += c->name_voids;
		return c->voids > SPF_LIMIT_VOIDS ? over_limit(c) : 0;
	}
	c->named = true;
	rc = find_names(c);
	c->name_voids = c->voids - before;
	return rc;
}

static bool
is_under(const char *name, const char *domain)
{
	size_t	 n = strlen(name), m = strlen(domain);

	return n > m && name[n - m - 1] == '.' &&
	    strcasecmp(name + n - m, domain) == 0;
}

/* The name that is the most like domain; NULL where there is none. */
static const char *
best_name(const struct spf_client *c, const char *domain)
{
	const char	*best = NULL;

	for (size_t i = 0; i < c->names; i++) {
		if (strcasecmp(c->name[i], domain) == 0)
			return c->name[i];
		if (best == NULL ||
		    (is_under(c->name[i], domain) && !is_under(best, domain)))
			best = c->name[i];
	}
	return best;
}

/* Nothing better was found, and something better may be there. */
static bool
is_doubtful(struct spf_client *c)
{
	if (c->doubt)
		c->error = SPF_TEMPERROR;
	return c->doubt;
}

int
spf_client_in(struct spf_client *c, const char *domain, bool strict)
{
	const char	*name;

	if (need_names(c) == -1)
		return -1;
	name = best_name(c, domain);
	if (name != NULL &&
	    (strcasecmp(name, domain) == 0 || is_under(name, domain)))
		return 1;
	return is_doubtful(c) && (strict || dns_late(c->dns)) ? -1 : 0;
}

const char *
spf_client_name(struct spf_client *c, const char *domain)
{
	const char	*name;

	if (need_names(c) == -1)
		return NULL;
	name = best_name(c, domain);
	if (name != NULL && strcasecmp(name, domain) == 0)
		return name;
	if (is_doubtful(c))
		return NULL;
	return name == NULL ? "unknown" : name;
}
