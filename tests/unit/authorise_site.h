/*
 * The resolver and the state directory that authorise.c asks, stood in for
 * and counted, and an account of a few sources, for its tests.
 */
#ifndef AUTHORISE_SITE_H
#define AUTHORISE_SITE_H

#include <sys/socket.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "authorise.h"
#include "domains.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define BOX		"desk@box.example.net"
#define BOB		"bob@example.com"
#define CLIENT		"192.0.2.7"
#define STATE_DIR	"/the/state"

/* --- the stand-ins */

struct resolver {
	enum spf_result		 spf, google, outlook;
	int			 asked[3];	/* SPF, google, outlook */
	struct spf_question	 last;
	bool			 remembers;
};

static int verified;		/* what the state directory says */
static int lookups;		/* in it */
static char looked_up[SPF_NAME_MAX];

void
resolver_ask(struct resolver *r, const struct spf_question *q,
    struct spf_answer *answer)
{
	bool google = strcmp(q->domain, "google.record") == 0;
	bool outlook = strcmp(q->domain, "outlook.record") == 0;

	assert_true(spf_question_valid(q, sizeof(*q)));
	memset(answer, 0, sizeof(*answer));
	r->last = *q;
	if (q->op == SPF_CHECK) {
		assert_string_equal(q->domain, "");
		r->asked[0]++;
		answer->result = r->spf;
		return;
	}
	assert_int_equal(q->op, SPF_RECORD);
	assert_true(google || outlook);
	r->asked[google ? 1 : 2]++;
	answer->result = google ? r->google : r->outlook;
}

bool
resolver_remembers(const struct resolver *r, const struct spf_question *q,
    struct spf_answer *answer)
{
	/* compared as the resolver does: but for the timeout */
	struct spf_question same = *q;

	same.timeout = r->last.timeout;
	if (!r->remembers || memcmp(&same, &r->last, sizeof(same)) != 0)
		return false;
	memset(answer, 0, sizeof(*answer));
	answer->result = r->spf;
	return true;
}

/* Who is in a table: an address, "?" where it cannot be read. */
static const char	*in_table = "";
static int		 tables_asked;

void
users_find(struct users *u, const struct policy *policy, const char *identity)
{
	tables_asked++;
	u->source = NULL;
	u->found = *in_table == '?' ? -1 : strcmp(in_table, identity) == 0;
	strlcpy(u->user, "table.user", sizeof(u->user));
	if (u->found != 0)
		u->source = &policy->account[0].source[2];
}

int
domains_verified(const char *state_dir, const char *domain)
{
	assert_string_equal(state_dir, STATE_DIR);
	strlcpy(looked_up, domain, sizeof(looked_up));
	lookups++;
	return verified;
}

/* --- one channel of names, and an account with some sources */

struct rig {
	struct policy		 policy;
	struct channel		 channel;
	struct account		 account;
	struct grant		 grant;
	struct source		 source[3];
	struct ip_net		 net;
	struct resolver		 resolver;
	struct origin		 origin;
	struct header_facts	 header;
	struct evidence		 evidence;
	struct decision		 d;
	struct users		 users;
};

static void
make_sources(struct rig *rig)
{
	static const char *const name[] = { "example.com",
	    "xn--bcher-kva.example", CLIENT };
	size_t i;

	for (i = 0; i < NELEM(rig->source); i++) {
		rig->source[i].kind = i < 2 ? SOURCE_DOMAIN : SOURCE_IP;
		rig->source[i].name = (char *)name[i];
		rig->source[i].where.file = "c";
		rig->source[i].account = &rig->account;
	}
	rig->source[0].security.words = SECURITY_SPF;
	rig->source[1].security.words = SECURITY_NONE;
	rig->source[1].verify = true;
	assert_int_equal(ip_read(CLIENT, &rig->source[2].ip), 0);
	rig->account.source = rig->source;
	rig->account.sources = 2;
}

static void
make_rig(struct rig *rig)
{
	struct like_error error;

	memset(rig, 0, sizeof(*rig));
	lookups = 0;
	looked_up[0] = '\0';
	rig->channel.name = (char *)"box";
	rig->channel.where.file = rig->account.where.file = "c";
	rig->channel.recipient = like_compile("*@box.example.net", 17,
	    LIKE_TEXT, &error);
	assert_non_null(rig->channel.recipient);
	rig->account.name = rig->account.rate = (char *)"";
	rig->account.enforce = true;
	rig->grant.channel = &rig->channel;
	rig->grant.security_string = (char *)"";
	rig->account.grant = &rig->grant;
	rig->account.grants = 1;
	make_sources(rig);
	rig->policy.channel = &rig->channel;
	rig->policy.account = &rig->account;
	rig->policy.channels = rig->policy.accounts = 1;
	rig->policy.max_hops = 3;
	rig->policy.dns_timeout = 17;
	rig->policy.state_dir = (char *)STATE_DIR;
	rig->policy.google_spf = (char *)"google.record";
	rig->policy.outlook_spf = (char *)"outlook.record";
	rig->origin.source = rig->origin.name = rig->origin.queue_id = "";
	rig->origin.helo = "helo.example";
	assert_int_equal(ip_read(CLIENT, &rig->origin.client), 0);
	rig->evidence = (struct evidence){ &rig->policy, &rig->resolver,
	    &rig->origin, &rig->header, BOB, NULL, &rig->users };
}

#endif
