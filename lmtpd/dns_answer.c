/*
 * Reads a DNS message.  It trusts no byte of it: lengths are glibc's
 * ns_parserr(3) to check, and what a record holds is checked here.
 */
#include <sys/socket.h>

#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dns_answer.h"

/* 1 where the message holds such a record at i, 0 another one, -1 nonsense. */
static int
record_at(ns_msg *msg, int i, const char *owner, int type, ns_rr *rr)
{
	if (ns_parserr(msg, ns_s_an, i, rr) == -1)
		return -1;
	return (int)ns_rr_type(*rr) == type && ns_rr_class(*rr) == ns_c_in &&
	    strcasecmp(ns_rr_name(*rr), owner) == 0;
}

/* A compressed name behind skip bytes of the record; size NS_MAXDNAME. */
static int
read_name(const ns_msg *msg, const ns_rr *rr, size_t skip, char *out)
{
	if (ns_rr_rdlen(*rr) <= skip)
		return -1;
	return dn_expand(ns_msg_base(*msg), ns_msg_end(*msg),
	    ns_rr_rdata(*rr) + skip, out, NS_MAXDNAME) == -1 ? -1 : 0;
}

/* One step from an alias to its name: 1 done, 0 no alias, -1 nonsense. */
static int
follow_once(ns_msg *msg, char *owner)
{
	ns_rr	 rr;
	int	 is;

	for (int i = 0; i < ns_msg_count(*msg, ns_s_an); i++) {
		is = record_at(msg, i, owner, ns_t_cname, &rr);
		if (is == -1)
			return -1;
		if (is == 1)
			return read_name(msg, &rr, 0, owner) == -1 ? -1 : 1;
	}
	return 0;
}

/* A loop leads nowhere: to no owner, and so to no record. */
static int
follow(ns_msg *msg, char *owner)
{
	int	 step;

	for (int i = 0; i <= DNS_CNAMES_MAX; i++) {
		step = follow_once(msg, owner);
		if (step != 1)
			return step;
	}
	owner[0] = '\0';
	return 0;
}

static int
take_address(struct dns_record *r, const ns_rr *rr)
{
	size_t	 size = ns_rr_type(*rr) == ns_t_a ? 4 : 16;

	if (ns_rr_rdlen(*rr) != size)
		return -1;
	r->addr.family = size == 4 ? AF_INET : AF_INET6;
	memcpy(r->addr.byte, ns_rr_rdata(*rr), size);
	return 0;
}

/* A host's name has no byte that needs an escape. */
static int
take_host(struct dns_record *r, const ns_msg *msg, const ns_rr *rr)
{
	char	 name[NS_MAXDNAME];
	size_t	 skip = 0;

	if (ns_rr_type(*rr) == ns_t_mx)
		skip = NS_INT16SZ;
	if (read_name(msg, rr, skip, name) == -1)
		return -1;
	if (skip > 0)
		r->preference = ns_get16(ns_rr_rdata(*rr));
	r->text = strdup(strchr(name, '\\') == NULL ? name : "");
	return r->text == NULL ? -1 : 0;
}

static int
take_text(struct dns_record *r, const ns_rr *rr)
{
	const uint8_t	*s = ns_rr_rdata(*rr), *end = s + ns_rr_rdlen(*rr);
	char		*out;
	size_t		 n;

	r->text = out = malloc((size_t)(end - s) + 1);
	if (out == NULL)
		return -1;
	while (s < end) {
		n = *s++;
		if (n > (size_t)(end - s))
			return -1;
		for (; n > 0; n--, s++)
			*out++ = (char)(*s == '\0' ? 1 : *s);
	}
	*out = '\0';
	return 0;
}

static int
take(struct dns_record *r, const ns_msg *msg, const ns_rr *rr)
{
	switch (ns_rr_type(*rr)) {
	case ns_t_a:
	case ns_t_aaaa:
		return take_address(r, rr);
	case ns_t_mx:
	case ns_t_ptr:
		return take_host(r, msg, rr);
	case ns_t_txt:
		return take_text(r, rr);
	default:
		return -1;
	}
}

/* A TTL with its first bit set means zero (RFC 2181 section 8). */
static void
note_ttl(struct dns_answer *a, const ns_rr *rr)
{
	uint32_t	 ttl = ns_rr_ttl(*rr) > INT32_MAX ? 0 : ns_rr_ttl(*rr);

	if (a->count == 0 || ttl < a->ttl)
		a->ttl = ttl;
}

/* Servers change the order at will, and no verdict may hang on it. */
static int
compare_mx(const void *one, const void *other)
{
	const struct dns_record	*a = one, *b = other;

	if (a->preference != b->preference)
		return a->preference < b->preference ? -1 : 1;
	return strcasecmp(a->text, b->text);
}

static int
collect(struct dns_answer *a, ns_msg *msg, int type)
{
	ns_rr	 rr;
	int	 is;

	for (int i = 0; i < ns_msg_count(*msg, ns_s_an); i++) {
		is = record_at(msg, i, a->owner, type, &rr);
		if (is == -1)
			return -1;
		if (is == 0)
			continue;
		note_ttl(a, &rr);
		if (take(&a->record[a->count++], msg, &rr) == -1)
			return -1;
	}
	if (type == ns_t_mx)
		qsort(a->record, a->count, sizeof(a->record[0]), compare_mx);
	return 0;
}

int
dns_answer_read(struct dns_answer *a, const uint8_t *bytes, size_t n,
    const char *name, int type)
{
	ns_msg	 msg;

	memset(a, 0, sizeof(*a));
	if (strlcpy(a->owner, name, sizeof(a->owner)) >= sizeof(a->owner))
		return -1;
	if (n > NS_MAXMSG || ns_initparse(bytes, (int)n, &msg) == -1)
		return -1;
	a->record = calloc((size_t)ns_msg_count(msg, ns_s_an) + 1,
	    sizeof(a->record[0]));
	if (a->record == NULL || follow(&msg, a->owner) == -1)
		return -1;
	return collect(a, &msg, type);
}

void
dns_answer_free(struct dns_answer *a)
{
	for (size_t i = 0; i < a->count; i++)
		free(a->record[i].text);
	free(a->record);
	memset(a, 0, sizeof(*a));
}
