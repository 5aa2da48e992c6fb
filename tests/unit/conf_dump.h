/*
 * A policy as text, each fact on a line, for tests that compare two.  What
 * stands in a section has that section's name in front, so that a line means
 * the same wherever it is.
 */
#ifndef CONF_DUMP_H
#define CONF_DUMP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy.h"

static void
dump_strings(FILE *fp, const char *what, const struct strings *s)
{
	fprintf(fp, "%s =", what);
	for (size_t i = 0; i < s->n; i++)
		fprintf(fp, " '%s'", s->v[i]);
	fprintf(fp, s->v[s->n] == NULL ? "\n" : " NOT TERMINATED\n");
}

static void
dump_nets(FILE *fp, const struct ip_net *net, size_t n)
{
	char ip[ADDR_IP_MAX];

	for (size_t i = 0; i < n; i++) {
		ip_write(&net[i].addr, ip);
		fprintf(fp, " %s/%u", ip, net[i].bits);
	}
	fprintf(fp, "\n");
}

static void
dump_top(FILE *fp, const struct policy *p)
{
	fprintf(fp, "hostname = %s\nstate-dir = %s\n", p->hostname,
	    p->state_dir);
	dump_strings(fp, "trusted-peers", &p->trusted_peers);
	fprintf(fp, "client-address = %d\ntrusted-relays =",
	    p->client_address);
	dump_nets(fp, p->trusted_relay, p->trusted_relays);
	fprintf(fp, "authserv-id = %s\n", p->authserv_id);
	dump_strings(fp, "mailer", &p->mailer);
	fprintf(fp, "notice-from = %s\nmax-message-size = %llu\n",
	    p->notice_from, (unsigned long long)p->max_message_size);
	fprintf(fp, "max-recipients = %u\ndns-timeout = %u\n"
	    "idle-timeout = %u\nreply-timeout = %u\n", p->max_recipients,
	    p->dns_timeout, p->idle_timeout, p->reply_timeout);
	fprintf(fp, "google-spf = %s\noutlook-spf = %s\nrefusals = %d\n"
	    "remember = %lu\n", p->google_spf, p->outlook_spf,
	    p->refusals_proven, p->remember);
	dump_strings(fp, "probe-senders", &p->probe_senders);
	fprintf(fp, "max-hops = %u\n", p->max_hops);
}

static void
dump_source(FILE *fp, const struct source *s)
{
	char ip[ADDR_IP_MAX];

	ip_write(&s->ip, ip);
	fprintf(fp, "account %s: source %d '%s' ip '%s' user '%s' verify %d "
	    "forwarded %d null %d security %#x", s->account->name, s->kind,
	    s->name, ip, s->user, s->verify, s->forwarded, s->null_sender,
	    s->security.words);
	dump_nets(fp, s->security.net, s->security.nets);
}

static void
dump_account(FILE *fp, const struct account *a)
{
	char what[256];

	snprintf(what, sizeof(what), "account %s: admin", a->name);
	dump_strings(fp, what, &a->admin);
	fprintf(fp, "account %s: user '%s' verify %d rate '%s' enforce %d "
	    "notices %u security %#x", a->name, a->user, a->verify, a->rate,
	    a->enforce, a->notices_per_hour, a->security.words);
	dump_nets(fp, a->security.net, a->security.nets);
	for (size_t i = 0; i < a->grants; i++) {
		const struct grant *g = &a->grant[i];

		fprintf(fp, "account %s: channel %s string '%s' text %d",
		    a->name, g->channel->name, g->security_string,
		    g->compare_text);
		dump_strings(fp, " numbers", &g->numbers);
	}
	for (size_t i = 0; i < a->sources; i++)
		dump_source(fp, &a->source[i]);
}

/* The caller frees it. */
static char *
conf_dump(const struct policy *p)
{
	char *text = NULL;
	size_t size, i;
	FILE *fp = open_memstream(&text, &size);

	dump_top(fp, p);
	for (i = 0; i < p->backends; i++) {
		const struct backend *b = &p->backend[i];

		fprintf(fp, "backend %s: input %d timeout %u parallel %u "
		    "setuid %d", b->name, b->input, b->timeout, b->parallel,
		    b->setuid);
		dump_strings(fp, " command", &b->command);
		fprintf(fp, "backend %s:", b->name);
		dump_strings(fp, " environment", &b->environment);
		fprintf(fp, "backend %s: segments %u cut %d", b->name,
		    b->text.max_segments, b->text.cut);
		dump_strings(fp, " text", &b->text.parts);
		fprintf(fp, "backend %s:", b->name);
		dump_strings(fp, " cut-at", &b->text.cut_at);
	}
	for (i = 0; i < p->channels; i++) {
		const struct channel *c = &p->channel[i];

		fprintf(fp, "channel %s: recipient '%s' backend %s number %d "
		    "country '%s' trunk '%s' auto %d\n", c->name, c->pattern,
		    c->backend->name, c->number, c->country_code,
		    c->trunk_prefix, c->auto_replies);
	}
	for (i = 0; i < p->accounts; i++)
		dump_account(fp, &p->account[i]);
	fclose(fp);
	return text;
}

#endif
