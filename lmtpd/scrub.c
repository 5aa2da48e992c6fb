/*
 * Keywords out of what a backend gets and the log tells: whoever reads either
 * could write to the channel in the account's name.  The block is the
 * sender's, and bounded by header.c.
 */
#include <errno.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "keyword.h"
#include "scrub.h"

static bool
has_keyword(const struct account *a)
{
	size_t i;

	for (i = 0; i < a->grants; i++)
		if (keyword_any(&a->grant[i]))
			return true;
	return false;
}

static int
scrub_block(const struct account *a, const struct msg *msg,
    struct header_facts *header)
{
	size_t n = header->body;
	char *block;
	int rc = -1;

	if ((block = malloc(n + 1)) == NULL)
		return -1;
	errno = EIO;
	if (msg_read(msg, block, n, 0) == (ssize_t)n)
		rc = keyword_blank(a, block, n);
	if (rc == 1) {
		rc = msg_overwrite(msg, block, n, 0);
		/* else a backend could try keywords against the id of a
		 * delivery, which is made of it */
		SHA256Data((const uint8_t *)block, n, header->digest);
	}
	freezero(block, n + 1);
	return rc;
}

/* An address with a keyword in it is no one's; other text keeps its rest. */
static int
scrub_original(const struct account *a, char *address)
{
	int rc = keyword_blank(a, address, strlen(address));

	if (rc == 1)
		address[0] = '\0';
	return rc;
}

static int
scrub_account(const struct account *a, struct envelope *e,
    const struct msg *msg, struct header_facts *header)
{
	size_t i;

	if (!has_keyword(a))
		return 0;
	for (i = 0; i < e->recipients; i++)
		if (scrub_original(a, e->recipient[i]->original) == -1)
			return -1;
	if (scrub_original(a, header->original) == -1)
		return -1;
	return scrub_block(a, msg, header);
}

int
scrub_keywords(struct envelope *e, const struct msg *msg,
    struct header_facts *header)
{
	const struct account *a = NULL;
	size_t i;

	for (i = 0; i < e->recipients; i++) {
		const struct source *s = e->recipient[i]->decision.source;

		if (s == NULL || s->account == a)
			continue;
		a = s->account;
		if (scrub_account(a, e, msg, header) == -1)
			return -1;
	}
	return 0;
}

/* Of an encoded word that was cut nobody can say what it spells. */
static void
drop_last_word(char *s)
{
	char *word = NULL, *at = s;

	while ((at = strstr(at, "=?")) != NULL) {
		word = at;
		at += 2;
	}
	if (word != NULL)
		*word = '\0';
}

/* Of all accounts: a user may have written from an address that is not his. */
static int
blank_value(const struct policy *policy, char *value, size_t n)
{
	size_t i;

	for (i = 0; i < policy->accounts; i++)
		if (has_keyword(&policy->account[i]) &&
		    keyword_blank(&policy->account[i], value, n) == -1)
			return -1;
	return 0;
}

/* The field's value, blanked as a whole, then cut. */
static int
scrub_value(const struct policy *policy, const struct header *block,
    const char *name, char *out)
{
	const struct header_field *f;
	size_t i = 0;
	char *value;

	out[0] = '\0';
	if ((f = header_next(block, name, &i)) == NULL)
		return 0;
	if ((value = malloc(f->value_len + 1)) == NULL)
		return -1;
	memcpy(value, f->value, f->value_len);
	value[f->value_len] = '\0';
	if (blank_value(policy, value, f->value_len) == 0 &&
	    strlcpy(out, value, INSPECT_VALUE_MAX) >= INSPECT_VALUE_MAX)
		drop_last_word(out);
	freezero(value, f->value_len + 1);
	return 0;
}

int
scrub_values(const struct policy *policy, struct header_facts *header)
{
	if (!policy->keywords)
		return 0;
	return scrub_value(policy, header->block, "From",
	    header->from) == -1 || scrub_value(policy, header->block,
	    "Message-ID", header->message_id) == -1 ? -1 : 0;
}
