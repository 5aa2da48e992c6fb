/*
 * What can be written in the configuration already and is not built in this
 * version: no one shall believe that it works.
 */
#include "lint_later.h"

#define DAYS	86400

/* Mail that needs it is deferred: it is never let past instead. */
static void
deferred(struct conf_errors *l, struct where where, const char *key)
{
	conf_doubt(l, where, "%s is not built in this version: such mail is "
	    "answered 451", key);
}

/* Monitor mode delivers what a check that is not there cannot refuse. */
static void
unchecked(struct conf_errors *l, struct where where, const char *key,
    const struct account *a)
{
	if (a->enforce)
		deferred(l, where, key);
	else
		conf_doubt(l, where, "%s is not built in this version: with "
		    "enforce = false such mail is delivered unchecked", key);
}

static void
idle(struct conf_errors *l, struct where where, const char *key)
{
	conf_doubt(l, where, "%s has no effect in this version", key);
}

static void
later_top(struct conf_errors *l, const struct policy *p)
{
	struct where top = conf_top(p);

	if (p->client_address == CLIENT_XCLIENT)
		deferred(l, top, "client-address = \"xclient\"");
	if (p->client_address == CLIENT_RECEIVED)
		deferred(l, top, "client-address = \"received\"");
	if (p->refusals_proven)
		idle(l, top, "refusals = \"proven\"");
	if (p->remember != 7 * DAYS && p->remember != 0)
		idle(l, top, "remember");
	if (p->mailer.n > 0)
		idle(l, top, "mailer");
	if (p->trusted_relays > 0)
		idle(l, top, "trusted-relays");
	if (*p->authserv_id != '\0')
		idle(l, top, "authserv-id");
}

/* Words that a source asks with; another word that is built may hold. */
static void
later_source(struct conf_errors *l, const struct source *s)
{
	static const struct {
		unsigned int	 word;
		const char	*name;
	} words[] = {
		{ SECURITY_SPF, "security \"spf\"" },
		{ SECURITY_GOOGLE, "security \"google\"" },
		{ SECURITY_OUTLOOK, "security \"outlook\"" },
		{ SECURITY_DKIM, "security \"dkim\"" },
		{ SECURITY_DMARC, "security \"dmarc\"" }
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (s->security.words & words[i].word)
			unchecked(l, s->where, words[i].name, s->account);
	if (s->verify)
		unchecked(l, s->where, "verify", s->account);
}

static void
later_account(struct conf_errors *l, const struct account *a)
{
	size_t i;

	if (*a->rate != '\0')
		deferred(l, a->where, "rate");
	if (a->admin.n > 0)
		idle(l, a->where, "admin");
	for (i = 0; i < a->grants; i++)
		if (*a->grant[i].security_string != '\0')
			unchecked(l, a->grant[i].where, "security-string", a);
	for (i = 0; i < a->sources; i++)
		later_source(l, &a->source[i]);
}

void
lint_later(struct conf_errors *l, const struct policy *p)
{
	size_t i;

	later_top(l, p);
	for (i = 0; i < p->accounts; i++)
		later_account(l, &p->account[i]);
}
