/*
 * Facts for the rules.  Believes XFORWARD from a trusted peer only, and reads
 * the header through header.c, which bounds it.
 */
#include <sys/socket.h>

#include <ctype.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "authorise.h"
#include "header.h"
#include "idn.h"
#include "log.h"
#include "rules.h"

static void
origin_xforward(const struct envelope *e, struct origin *o)
{
	const struct lmtp_xforward *xf = &e->xforward;
	const char *addr = xf->value[XF_ADDR];

	if (e->xforward_refused)
		return;
	o->helo = xf->value[XF_HELO];
	o->name = xf->value[XF_NAME];
	o->queue_id = xf->value[XF_IDENT];
	if (*addr != '\0')
		ip_read(addr, &o->client);
	/* SOURCE says nothing beside an ADDR, be it [UNAVAILABLE] */
	if (!(xf->given & (1U << XF_ADDR)))
		o->local = strcasecmp(xf->value[XF_SOURCE], "LOCAL") == 0;
}

void
authorise_origin(const struct policy *policy, const struct peer *peer,
    const struct envelope *e, struct origin *o)
{
	memset(o, 0, sizeof(*o));
	o->helo = o->name = o->queue_id = "";
	if (peer->trusted)
		origin_xforward(e, o);
	switch (policy->client_address) {
	case CLIENT_XFORWARD:
		break;
	case CLIENT_PEER:
		o->client = peer->addr;
		o->local = false;
		break;
	case CLIENT_XCLIENT:
	case CLIENT_RECEIVED:
		o->client.family = AF_UNSPEC;
		o->local = false;
		break;
	}
}

static struct header *
read_block(const struct msg *msg, int *rc)
{
	struct header *h = header_new(HEADER_BYTES_MAX, HEADER_FIELDS_MAX);
	uint64_t offset = 0;
	char buf[8192];
	ssize_t n = 0;

	*rc = h == NULL ? -2 : 1;
	while (*rc == 1 && (n = msg_read(msg, buf, sizeof(buf), offset)) > 0) {
		*rc = header_feed(h, buf, n);
		offset += n;
	}
	if (n == -1)
		*rc = -2;
	else if (*rc == 1)
		*rc = header_end(h);
	if (*rc == 0)
		return h;
	header_free(h);
	return NULL;
}

/* Behind blanks and comments (RFC 5322 section 3.2.2); a comment that does
 * not end leaves nothing. */
static size_t
skip_comments(const char *p, size_t n)
{
	unsigned int depth = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] == '(')
			depth++;
		else if (p[i] == ')' && depth > 0)
			depth--;
		else if (p[i] == '\\' && depth > 0)
			i++;
		else if (depth == 0 && !isspace((unsigned char)p[i]))
			return i;
	}
	return n;
}

/* RFC 3834 section 5: the keyword, whatever parameters follow. */
static bool
is_auto_replied(const struct header *h)
{
	static const char word[] = "auto-replied";
	const struct header_field *f;
	size_t i = 0, at, n = sizeof(word) - 1;

	while ((f = header_next(h, "Auto-Submitted", &i)) != NULL) {
		at = skip_comments(f->value, f->value_len);
		if (f->value_len - at >= n &&
		    strncasecmp(f->value + at, word, n) == 0 &&
		    (f->value_len - at == n ||
		    strchr(" \t\n;(", f->value[at + n]) != NULL))
			return true;
	}
	return false;
}

/* The first field of that name, cut at size - 1. */
static void
copy_field(const struct header *h, const char *name, char *out, size_t size)
{
	const struct header_field *f;
	size_t i = 0, n;

	out[0] = '\0';
	if ((f = header_next(h, name, &i)) == NULL)
		return;
	n = f->value_len < size ? f->value_len : size - 1;
	memcpy(out, f->value, n);
	out[n] = '\0';
}

/* As Postfix writes it: the address, bare.  Anything else is dropped, and one
 * that was cut is too long to be one. */
static void
read_original(const struct header *h, char *out)
{
	char raw[ADDR_MAX + 1];

	copy_field(h, "X-Original-To", raw, sizeof(raw));
	if (addr_read_path(raw, strlen(raw), out) == -1)
		out[0] = '\0';
}

static unsigned int
count_fields(const struct header *h, const char *name)
{
	unsigned int n = 0;
	size_t i = 0;

	while (header_next(h, name, &i) != NULL)
		n++;
	return n;
}

int
authorise_read_header(const struct msg *msg, struct header_facts *facts)
{
	struct header *h;
	char from[256];
	const char *text;
	size_t len;
	int rc;

	memset(facts, 0, sizeof(*facts));
	if ((h = read_block(msg, &rc)) == NULL)
		return rc == -1 ? 1 : -1;
	facts->known = true;
	facts->hops = count_fields(h, "Received");
	facts->auto_replied = is_auto_replied(h);
	facts->named = facts->hops > 0 || count_fields(h, "Message-ID") > 0;
	facts->body = header_body_offset(h);
	copy_field(h, "From", from, sizeof(from));
	log_value(facts->from, sizeof(facts->from), from);
	read_original(h, facts->original);
	text = header_text(h, &len);
	SHA256Data((const uint8_t *)text, len, facts->digest);
	header_free(h);
	return 0;
}

/*
 * The identity's domain as A-labels; as it is where it has none.  UTS 46 maps
 * some characters to "@" and the like: a@evil.example<U+FF20>example.com must
 * not become a sender of example.com.
 */
static void
identity_of(const char *sender, char *identity)
{
	char ascii[ADDR_MAX], mapped[ADDR_MAX];
	size_t at;

	addr_identity(sender, identity);
	at = addr_domain(identity) - identity;
	if (idn_to_ascii(identity + at, ascii, sizeof(ascii)) == -1 ||
	    at + strlen(ascii) >= ADDR_MAX)
		return;
	memcpy(mapped, identity, at);
	strlcpy(mapped + at, ascii, ADDR_MAX - at);
	if (addr_valid(mapped))
		strlcpy(identity, mapped, ADDR_MAX);
}

void
authorise(const struct policy *policy, const struct origin *origin,
    const struct header_facts *header, const char *sender,
    const char *recipient, struct decision *d, const struct trace *trace)
{
	char identity[ADDR_MAX];
	struct facts facts = {
		.sender = sender,
		.identity = identity,
		.recipient = recipient,
		.client = origin->client,
		.local = origin->local
	};

	identity_of(sender, identity);
	if (header != NULL && header->known) {
		facts.header = true;
		facts.hops = header->hops;
		facts.auto_replied = header->auto_replied;
	}
	rules_judge(policy, &facts, d, trace);
}
