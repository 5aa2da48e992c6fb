/*
 * What one delivery is known by.  Two that are one must have one id, or it is
 * done twice; two that are two must have two, or one is lost.
 */
#include <ctype.h>
#include <sha2.h>
#include <string.h>

#include "delivery_id.h"

static void
hash_string(SHA2_CTX *ctx, const char *s)
{
	SHA256Update(ctx, (const uint8_t *)s, strlen(s) + 1);
}

bool
delivery_is_nameless(const struct delivery_facts *f)
{
	return *f->origin->queue_id == '\0' && !f->header->named;
}

/* What makes two recipients one (envelope.c): another spelling of a number on
 * a retry is no other delivery. */
static void
hash_recipient(SHA2_CTX *ctx, const struct recipient *r)
{
	char domain[ADDR_MAX], *p;

	hash_string(ctx, r->decision.channel->name);
	if (r->decision.number[0] != '\0') {
		hash_string(ctx, r->decision.number);
		return;
	}
	strlcpy(domain, addr_domain(r->address), sizeof(domain));
	for (p = domain; *p != '\0'; p++)
		*p = tolower((unsigned char)*p);
	SHA256Update(ctx, (const uint8_t *)r->address,
	    addr_local_len(r->address));
	hash_string(ctx, "@");
	hash_string(ctx, domain);
}

void
delivery_id(const struct delivery_facts *f, const struct recipient *r,
    char id[DELIVERY_ID_MAX])
{
	char hex[SHA256_DIGEST_STRING_LENGTH];
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	hash_string(&ctx, f->origin->queue_id);
	hash_string(&ctx, f->sender);
	hash_recipient(&ctx, r);
	SHA256Update(&ctx, (const uint8_t *)&f->size, sizeof(f->size));
	hash_string(&ctx, f->header->digest);
	if (delivery_is_nameless(f))
		hash_string(&ctx, f->log_id);
	SHA256End(&ctx, hex);
	strlcpy(id, hex, DELIVERY_ID_MAX);
}
