/*
 * The end of a policy.  Security strings and backends' environments are
 * secrets: they are wiped.
 */
#include <stdlib.h>
#include <string.h>

#include "policy.h"

static void
wipe(char *s)
{
	if (s != NULL)
		freezero(s, strlen(s));
}

static void
free_strings(struct strings *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		wipe(s->v[i]);
	free(s->v);
}

static void
free_grant(struct grant *g)
{
	size_t i;

	wipe(g->security_string);
	for (i = 0; i < g->alternatives; i++) {
		like_free(g->alternative[i].like);
		wipe(g->alternative[i].keyword);
	}
	free(g->alternative);
	for (i = 0; i < g->numbers.n; i++)
		like_free(g->number[i]);
	free(g->number);
	free_strings(&g->numbers);
}

static void
free_account(struct account *a)
{
	size_t i;

	for (i = 0; i < a->grants; i++)
		free_grant(&a->grant[i]);
	free(a->grant);
	for (i = 0; i < a->sources; i++) {
		free(a->source[i].name);
		free(a->source[i].user);
		free(a->source[i].security.net);
	}
	free(a->source);
	free(a->name);
	free_strings(&a->admin);
	free(a->user);
	free(a->security.net);
	free(a->rate);
}

static void
free_top(struct policy *p)
{
	size_t i;

	free(p->hostname);
	free(p->state_dir);
	free_strings(&p->trusted_peers);
	free(p->trusted_relay);
	free(p->authserv_id);
	free_strings(&p->mailer);
	free(p->notice_from);
	free(p->google_spf);
	free(p->outlook_spf);
	for (i = 0; i < p->probe_senders.n; i++)
		like_free(p->probe[i]);
	free(p->probe);
	free_strings(&p->probe_senders);
	free_strings(&p->files);
}

void
policy_free(struct policy *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->accounts; i++)
		free_account(&p->account[i]);
	free(p->account);
	for (i = 0; i < p->channels; i++) {
		free(p->channel[i].name);
		free(p->channel[i].pattern);
		like_free(p->channel[i].recipient);
		free(p->channel[i].country_code);
		free(p->channel[i].trunk_prefix);
	}
	free(p->channel);
	for (i = 0; i < p->backends; i++) {
		free(p->backend[i].name);
		free_strings(&p->backend[i].command);
		free_strings(&p->backend[i].environment);
		free_strings(&p->backend[i].text.parts);
		free_strings(&p->backend[i].text.cut_at);
	}
	free(p->backend);
	free_top(p);
	free(p);
}
