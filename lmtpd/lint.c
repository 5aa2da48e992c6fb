/*
 * What a loaded policy allows and probably should not.  Trusts the policy, and
 * the files that it names to be what they are now.
 */
#include <sys/stat.h>

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libexec.h"
#include "lint.h"
#include "lint_state.h"
#include "lint_string.h"

#define SOURCES_MAX	200	/* in one file: libconfuse is quadratic */
#define WILD		'\001'	/* in no pattern: conf_rule.c */

static void
lint_peer(struct conf_errors *l, const struct policy *p, const char *who)
{
	struct ip_net net;

	if (ip_net_read(who, &net) == 0) {
		if (ip_is_loopback(&net.addr))
			conf_doubt(l, conf_top(p), "trusted-peers \"%s\": any "
			    "local user can be this peer and claim any client "
			    "address; a unix socket tells who it is", who);
	} else if (who[strspn(who, "0123456789")] != '\0' &&
	    getpwnam(who) == NULL)
		conf_doubt(l, conf_top(p), "trusted-peers \"%s\": no user of "
		    "this machine has that name; the user that the MTA's LMTP "
		    "client runs as would be right, his number, or the address "
		    "of a peer by TCP", who);
}

static void
lint_peers(struct conf_errors *l, const struct policy *p)
{
	size_t i;

	for (i = 0; i < p->trusted_peers.n; i++)
		lint_peer(l, p, p->trusted_peers.v[i]);
}

static bool
needs_origin(const struct source *s)
{
	return s->kind == SOURCE_IP || (!(s->security.words & SECURITY_NONE) &&
	    (s->security.nets > 0 || s->security.words & (SECURITY_LOCAL |
	    SECURITY_SPF | SECURITY_GOOGLE | SECURITY_OUTLOOK)));
}

/* FIFOs and pipes need no peer: a doubt, not an error. */
static void
lint_origin(struct conf_errors *l, const struct policy *p)
{
	size_t i, j;

	if (p->client_address == CLIENT_PEER || p->trusted_peers.n > 0)
		return;
	for (i = 0; i < p->accounts; i++)
		for (j = 0; j < p->account[i].sources; j++)
			if (needs_origin(&p->account[i].source[j])) {
				conf_doubt(l, p->account[i].source[j].where,
				    "this needs the client's address, and on "
				    "a socket nobody's XFORWARD counts: name "
				    "the MTA's user in trusted-peers");
				return;
			}
}

static void
lint_command(struct conf_errors *l, const struct backend *b)
{
	const char *path = b->command.v[0];
	struct stat st;

	if (stat(path, &st) == -1 || !S_ISREG(st.st_mode))
		conf_doubt(l, b->where, "backend \"%s\": there is no program "
		    "%s; its mail will be answered 451", b->name, path);
	else if (!(st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) ||
	    access(path, X_OK) == -1)
		conf_doubt(l, b->where, "backend \"%s\": %s is not executable; "
		    "its mail will be answered 451", b->name, path);
	else if (st.st_mode & S_IWOTH)
		conf_doubt(l, b->where, "backend \"%s\": everyone may change "
		    "%s and so run anything as lmtpd's user; chmod o-w it",
		    b->name, path);
}

/* lmtpd may have been built, or packaged, without it. */
static void
lint_text(struct conf_errors *l, const struct backend *b)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" LIBEXEC_TEXT, libexec_dir());
	if (b->input != INPUT_TEXT && b->text.written)
		conf_doubt(l, b->where, "backend \"%s\": text, cut-at, "
		    "max-segments and overflow have no effect without "
		    "input = \"text\"", b->name);
	if (b->input == INPUT_TEXT && access(path, X_OK) == -1)
		conf_doubt(l, b->where, "backend \"%s\": input = \"text\" "
		    "needs %s, which cannot be executed; its mail will be "
		    "answered 451", b->name, path);
}

static void
lint_backends(struct conf_errors *l, const struct policy *p)
{
	size_t i, j;

	for (i = 0; i < p->backends; i++) {
		lint_command(l, &p->backend[i]);
		lint_text(l, &p->backend[i]);
		for (j = 0; j < p->channels; j++)
			if (p->channel[j].backend == &p->backend[i])
				break;
		if (j == p->channels)
			conf_doubt(l, p->backend[i].where, "backend \"%s\" is "
			    "used by no channel", p->backend[i].name);
	}
}

/* A pattern with WILD for each *, ?, # and list, all else being literal. */
static char *
literals_of(const char *pattern)
{
	char *out = conf_dup(pattern), *p = out;
	const char *s;

	for (s = pattern; *s != '\0'; s++) {
		*p++ = strchr("*?#[", *s) != NULL ? WILD : *s;
		if (*s == '[')
			s = strchr(s, ']');
	}
	*p = '\0';
	return out;
}

/*
 * Whether each address that the later pattern takes is the first one's, where
 * that has but literals and "*".  When it then matches the later one's text
 * with WILD for its wildcards, each of its literals met a literal, since none
 * is WILD; so every wildcard fell to a "*", and with it whatever text that
 * wildcard takes.
 */
static bool
covers(const struct channel *first, const struct channel *later)
{
	char *text;
	bool covered;

	if (strpbrk(first->pattern, "?#[") != NULL)
		return false;
	text = literals_of(later->pattern);
	covered = like_match(first->recipient, text, strlen(text));
	free(text);
	return covered;
}

/* Two patterns that claim one recipient, as far as can be told cheaply. */
static bool
claims_all_of(const struct channel *first, const struct channel *later)
{
	return like_matches_all(first->recipient) ||
	    addr_equal(first->pattern, later->pattern) ||
	    covers(first, later);
}

static void
lint_channels(struct conf_errors *l, const struct policy *p)
{
	size_t i, j;

	if (p->channels == 0)
		conf_doubt(l, conf_top(p), "there is no channel: every "
		    "recipient is answered 550");
	for (i = 1; i < p->channels; i++)
		for (j = 0; j < i; j++) {
			if (!claims_all_of(&p->channel[j], &p->channel[i]))
				continue;
			conf_doubt(l, p->channel[i].where, "channel \"%s\" is "
			    "never reached: channel \"%s\" (%s:%d) comes "
			    "first and takes \"%s\"", p->channel[i].name,
			    p->channel[j].name, p->channel[j].where.file,
			    p->channel[j].where.line, p->channel[j].pattern);
			break;
		}
}

static void
lint_security(struct conf_errors *l, const struct source *s)
{
	const struct security *sec = &s->security;
	const char *name = s->kind == SOURCE_ANYONE ? "anyone" : s->name;
	size_t i;

	if (s->kind == SOURCE_IP)
		conf_doubt(l, s->where, "ip \"%s\": any sender through that "
		    "server may use this account; name domains or addresses "
		    "where you can", s->name);
	if (sec->words & SECURITY_NONE)
		conf_doubt(l, s->where, "%s: security \"none\" accepts this "
		    "sender from anywhere, and senders are easily forged",
		    name);
	for (i = 0; i < sec->nets; i++)
		if (ip_is_loopback(&sec->net[i].addr))
			conf_doubt(l, s->where, "%s: the security list holds "
			    "loopback, and any local user can be that client",
			    name);
}

static bool
has_open_grant(const struct account *a)
{
	size_t i;

	for (i = 0; i < a->grants; i++)
		if (*a->grant[i].security_string == '\0')
			return true;
	return false;
}

static void
lint_providers(struct conf_errors *l, const struct source *s)
{
	if ((s->security.words & (SECURITY_GOOGLE | SECURITY_OUTLOOK)) &&
	    has_open_grant(s->account))
		conf_doubt(l, s->where, "%s: every customer of that provider "
		    "sends from its addresses; set a security-string beside "
		    "google or outlook",
		    s->kind == SOURCE_ANYONE ? "anyone" : s->name);
}

/* What an MTA wrote counts only where somebody's id is trusted. */
static void
lint_results(struct conf_errors *l, const struct policy *p,
    const struct source *s)
{
	if (!(s->security.words & (SECURITY_DKIM | SECURITY_DMARC)))
		return;
	if (*p->authserv_id == '\0')
		conf_doubt(l, s->where, "dkim and dmarc never hold here: name "
		    "the MTA that checks them in authserv-id");
	else
		conf_doubt(l, s->where, "dkim and dmarc are believed of "
		    "\"%s\": that MTA must strip forged "
		    "Authentication-Results fields (RFC 8601 section 5)",
		    p->authserv_id);
}

static void
lint_account(struct conf_errors *l, const struct policy *p,
    const struct account *a)
{
	size_t i;

	if (a->grants == 0)
		conf_doubt(l, a->where, "account \"%s\" may use no channel: add "
		    "channel \"...\" { }", a->name);
	if (a->sources == 0)
		conf_doubt(l, a->where, "account \"%s\" has no source: add "
		    "domain, email, ip or anyone", a->name);
	if (!a->enforce)
		conf_doubt(l, a->where, "account \"%s\": enforce = false "
		    "delivers what security would refuse", a->name);
	for (i = 0; i < a->sources; i++) {
		lint_security(l, &a->source[i]);
		lint_providers(l, &a->source[i]);
		lint_results(l, p, &a->source[i]);
	}
	for (i = 0; i < a->grants; i++)
		lint_string(l, &a->grant[i]);
}

static void
lint_sizes(struct conf_errors *l, const struct policy *p)
{
	size_t i, j, k, n;

	for (i = 0; i < p->files.n; i++) {
		n = 0;
		for (j = 0; j < p->accounts; j++)
			for (k = 0; k < p->account[j].sources; k++)
				n += p->account[j].source[k].where.file ==
				    p->files.v[i];
		if (n > SOURCES_MAX)
			conf_doubt(l, (struct where){ p->files.v[i], 1 },
			    "%zu sources in one file are read slowly, at each "
			    "connection; put addresses into a users table",
			    n);
	}
}

unsigned int
lint_policy(const struct policy *p, const struct conf_report *report)
{
	struct conf_errors l = { report, 0 };
	size_t i;

	lint_peers(&l, p);
	lint_origin(&l, p);
	lint_backends(&l, p);
	lint_channels(&l, p);
	if (p->accounts == 0)
		conf_doubt(&l, conf_top(p), "there is no account: every sender "
		    "is answered 550");
	for (i = 0; i < p->accounts; i++)
		lint_account(&l, p, &p->account[i]);
	lint_sizes(&l, p);
	lint_state(&l, p);
	return l.n;
}
