/*
 * Facts out of a header.  The header is hostile text; header.c bounds it, and
 * what an MTA of ours wrote into it counts only from a trusted peer.
 */
#include <ctype.h>
#include <sha2.h>
#include <string.h>
#include <strings.h>

#include "authres.h"
#include "header.h"
#include "inspect.h"

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

/*
 * The topmost field of authserv-id alone: one that the sender forged stands
 * below it, and one that is malformed says nothing.
 */
static void
read_results(const struct header *h, const char *id, const char *domain,
    struct header_facts *facts)
{
	const struct header_field *f;
	size_t i = 0;
	int of;

	if (*id == '\0' || *domain == '\0')
		return;
	while ((f = header_next(h, "Authentication-Results", &i)) != NULL) {
		of = authres_is_of(f->value, f->value_len, id);
		if (of == 0)
			continue;
		if (of == -1)
			return;
		facts->dkim = authres_passes(f->value, f->value_len,
		    AUTHRES_DKIM, domain) == 1;
		facts->dmarc = authres_passes(f->value, f->value_len,
		    AUTHRES_DMARC, domain) == 1;
		return;
	}
}

static bool
is_relay(const struct policy *policy, const struct ip_addr *addr)
{
	size_t i;

	for (i = 0; i < policy->trusted_relays; i++)
		if (ip_in_net(addr, &policy->trusted_relay[i]))
			return true;
	return false;
}

/*
 * The first hop, from the top, that is no relay of ours; a field that is not
 * understood ends the walk with nothing known.  What was submitted on a relay
 * is local there, and not here.
 */
static void
read_origin(const struct header *h, const struct policy *policy,
    struct received *origin)
{
	const struct header_field *f;
	struct received hop;
	bool topmost = true;
	size_t i = 0;

	while ((f = header_next(h, "Received", &i)) != NULL) {
		if (received_read(f->value, f->value_len, &hop) == -1)
			return;
		if (hop.local && !topmost)
			return;
		if (hop.local || !is_relay(policy, &hop.client)) {
			*origin = hop;
			return;
		}
		topmost = false;
	}
}

int
inspect_header(const struct policy *policy, const struct msg *msg,
    bool trusted, const char *identity, struct header_facts *facts)
{
	struct header *h;
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
	copy_field(h, "From", facts->from, sizeof(facts->from));
	copy_field(h, "Message-ID", facts->message_id,
	    sizeof(facts->message_id));
	read_original(h, facts->original);
	if (trusted) {
		read_results(h, policy->authserv_id,
		    addr_domain(identity), facts);
		read_origin(h, policy, &facts->origin);
	}
	text = header_text(h, &len);
	SHA256Data((const uint8_t *)text, len, facts->digest);
	facts->block = h;
	return 0;
}

void
inspect_clear(struct header_facts *facts)
{
	header_free(facts->block);
	memset(facts, 0, sizeof(*facts));
}
