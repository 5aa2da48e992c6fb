/*
 * A policy out of one line of text, and what the rules say under it, for the
 * tests of rules.c.
 *
 * Clauses are parted by ";", their words by blanks:
 *	account NAME [monitor] [rate]
 *	channel NAME [string] [key=WORD ...] [PATTERN ...]	it may use
 *	email|users|domain|ip|anyone [NAME] [WORD ...]
 * A source's WORDs are those of security, networks, "verify", "forwarded" and
 * "null-sender".  Channels are the same for all: see site_channel[].
 */
#ifndef RULES_SITE_H
#define RULES_SITE_H

#include <sys/socket.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rules.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define SITE_MANY	6
#define SITE_WORDS	16
#define SITE_HOPS	50	/* max-hops */
#define SITE_LIKES	32

/* From where: an address, or one of these. */
#define UNKNOWN		"?"
#define LOCAL		"local"
#define LATER		"later"		/* the header will tell */

struct site {
	struct policy	 policy;
	struct channel	 channel[SITE_MANY];
	struct account	 account[SITE_MANY];
	struct grant	 grant[SITE_MANY][SITE_MANY];
	struct source	 source[SITE_MANY][SITE_MANY];
	struct ip_net	 net[SITE_MANY][SITE_MANY][SITE_MANY];
	char		*pattern[SITE_MANY][SITE_MANY][SITE_WORDS];
	struct like	*number[SITE_MANY][SITE_MANY][SITE_WORDS];
	struct like	*probe[1];
	struct alternative alternative[SITE_MANY][SITE_MANY][SITE_WORDS];
	struct like	*all[SITE_LIKES];	/* to be freed */
	size_t		 likes;
	char		 text[1024];
};

/* Whom to judge, and what came of it. */
struct site_mail {
	const char	*sender;
	const char	*recipient;
	const char	*from;
	bool		 header;
	unsigned int	 hops;
	bool		 auto_replied;
	bool		 dkim;
	bool		 dmarc;
	enum spf_result	 spf;
	enum spf_result	 google;
	enum spf_result	 outlook;
	int		 verified;
	int		 string;	/* stands in the header */
	const char	*table;		/* that has the sender; "-" none, "?"
					 * cannot tell; NULL is "-" */
};

struct site_verdict {
	struct decision	 d;
	unsigned int	 asked;		/* enum fact */
	int		 rounds;	/* in which something was asked */
	int		 steps;
	int		 ends;		/* steps that tell a decision */
	char		 last[1024];
	char		 all[8192];	/* a '\n' behind each step */
};

static struct like *
site_like(struct site *s, const char *pattern, int flags)
{
	struct like_error error;
	struct like *like;

	like = like_compile(pattern, strlen(pattern), flags, &error);
	assert_non_null(like);
	assert_in_range(s->likes, 0, SITE_LIKES - 1);
	return s->all[s->likes++] = like;
}

/* "wide" would take the recipients of all others, were it not the last. */
static void
site_channels(struct site *s)
{
	static const struct {
		const char *name, *pattern;
		bool number, auto_replies;
	} site_channel[] = {
		{ "sms", "*@sms.example.net", true, false },
		{ "box", "*@box.example.net", false, false },
		{ "robot", "*@robot.example.net", false, true },
		{ "wide", "*@*.example.net", false, false },
	};
	size_t i;

	for (i = 0; i < NELEM(site_channel); i++) {
		struct channel *ch = &s->channel[i];

		ch->name = (char *)site_channel[i].name;
		ch->where = (struct where){ "site.conf", 1 + (int)i };
		ch->recipient = site_like(s, site_channel[i].pattern,
		    LIKE_TEXT);
		ch->number = site_channel[i].number;
		ch->country_code = (char *)"41";
		ch->trunk_prefix = (char *)"0";
		ch->auto_replies = site_channel[i].auto_replies;
	}
	s->policy.channel = s->channel;
	s->policy.channels = NELEM(site_channel);
}

static void
site_account(struct site *s, char **word)
{
	struct account *a = &s->account[s->policy.accounts];

	assert_in_range(s->policy.accounts, 0, SITE_MANY - 1);
	a->name = word[1];
	a->user = (char *)"user";
	a->rate = (char *)"";
	a->enforce = true;
	a->grant = s->grant[s->policy.accounts];
	a->source = s->source[s->policy.accounts];
	s->policy.accounts++;
	for (word += 2; *word != NULL; word++) {
		if (strcmp(*word, "monitor") == 0)
			a->enforce = false;
		else if (strcmp(*word, "rate") == 0)
			a->rate = (char *)"60/hour";
		else
			fail_msg("account's word %s", *word);
	}
}

/* Nobody looks for it: what the header holds is a mail's own say. */
static void
site_alternative(struct site *s, struct grant *g, char *word)
{
	size_t i;

	g->security_string = (char *)"Hush";
	if (strcmp(word, "string") != 0) {
		g->alternative[g->alternatives].keyword = word + 4;
		for (i = 0; i < s->policy.channels; i++)
			if (&s->channel[i] == g->channel)
				s->channel[i].keywords = true;
		s->policy.keywords = true;
	}
	g->alternatives++;
}

static void
site_grant(struct site *s, struct account *a, char **word)
{
	struct grant *g = &a->grant[a->grants];
	size_t i, at = (size_t)(a - s->account);

	assert_in_range(a->grants, 0, SITE_MANY - 1);
	for (i = 0; i < s->policy.channels; i++)
		if (strcmp(s->channel[i].name, word[1]) == 0)
			g->channel = &s->channel[i];
	assert_non_null(g->channel);
	g->security_string = (char *)"";
	g->alternative = s->alternative[at][a->grants];
	g->numbers.v = s->pattern[at][a->grants];
	g->number = s->number[at][a->grants];
	for (word += 2; *word != NULL; word++) {
		if (strcmp(*word, "string") == 0 ||
		    strncmp(*word, "key=", 4) == 0) {
			site_alternative(s, g, *word);
			continue;
		}
		g->numbers.v[g->numbers.n] = *word;
		g->number[g->numbers.n++] = site_like(s, *word, LIKE_TEXT);
	}
	a->grants++;
}

static const struct {
	const char *name;
	unsigned int word;
} site_words[] = {
	{ "none", SECURITY_NONE }, { "local", SECURITY_LOCAL },
	{ "spf", SECURITY_SPF }, { "google", SECURITY_GOOGLE },
	{ "outlook", SECURITY_OUTLOOK }, { "dkim", SECURITY_DKIM },
	{ "dmarc", SECURITY_DMARC },
};

static void
site_source_word(struct source *src, const char *word)
{
	size_t i;

	for (i = 0; i < NELEM(site_words); i++)
		if (strcmp(word, site_words[i].name) == 0) {
			src->security.words |= site_words[i].word;
			return;
		}
	if (strcmp(word, "verify") == 0)
		src->verify = true;
	else if (strcmp(word, "forwarded") == 0)
		src->forwarded = true;
	else if (strcmp(word, "null-sender") == 0)
		src->null_sender = true;
	else {
		assert_in_range(src->security.nets, 0, SITE_MANY - 1);
		assert_int_equal(ip_net_read(word,
		    &src->security.net[src->security.nets++]), 0);
	}
}

static void
site_source(struct site *s, struct account *a, char **word)
{
	static const char *const kind[] = { "email", "users", "domain", "ip",
	    "anyone" };
	struct source *src = &a->source[a->sources];

	assert_in_range(a->sources, 0, SITE_MANY - 1);
	while (strcmp(word[0], kind[src->kind]) != 0)
		assert_in_range(++src->kind, 0, SOURCE_ANYONE);
	src->where = (struct where){ "site.conf", 100 + (int)a->sources };
	src->account = a;
	src->user = (char *)"user";
	src->security.net = s->net[a - s->account][a->sources];
	src->name = src->kind == SOURCE_ANYONE ? (char *)"" : *++word;
	if (src->kind == SOURCE_IP)
		assert_int_equal(ip_read(src->name, &src->ip), 0);
	while (*++word != NULL)
		site_source_word(src, *word);
	a->sources++;
}

static void
site_clause(struct site *s, char *clause)
{
	char *word[SITE_WORDS] = { NULL }, *w;
	struct account *a;
	size_t n = 0;

	while ((w = strsep(&clause, " ")) != NULL)
		if (*w != '\0') {
			assert_in_range(n, 0, SITE_WORDS - 2);
			word[n++] = w;
		}
	assert_in_range(n, 1, SITE_WORDS - 1);
	if (strcmp(word[0], "account") == 0) {
		site_account(s, word);
		return;
	}
	assert_in_range(s->policy.accounts, 1, SITE_MANY);
	a = &s->account[s->policy.accounts - 1];
	if (strcmp(word[0], "channel") == 0)
		site_grant(s, a, word);
	else
		site_source(s, a, word);
}

static void
site_make(struct site *s, const char *text)
{
	char *clause, *rest = s->text;

	memset(s, 0, sizeof(*s));
	assert_in_range(strlen(text), 1, sizeof(s->text) - 1);
	strlcpy(s->text, text, sizeof(s->text));
	site_channels(s);
	s->probe[0] = site_like(s, "double-bounce@*", LIKE_TEXT);
	s->policy.probe = s->probe;
	s->policy.probe_senders.n = 1;
	s->policy.max_hops = SITE_HOPS;
	s->policy.account = s->account;
	while ((clause = strsep(&rest, ";")) != NULL)
		site_clause(s, clause);
}

static void
site_free(struct site *s)
{
	while (s->likes > 0)
		like_free(s->all[--s->likes]);
}

/* The word that a decision's step begins with. */
static const char *
verdict_word(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_ACCEPT:
		return "accept: ";
	case VERDICT_REFUSE:
		return "refuse: ";
	case VERDICT_DEFER:
		return "defer: ";
	case VERDICT_AFTER_DATA:
		return "after DATA: ";
	}
	return "no verdict";
}

static void
site_step(void *arg, const char *text)
{
	struct site_verdict *v = arg;
	int i;

	v->steps++;
	assert_int_not_equal(text[0], '\0');
	strlcpy(v->last, text, sizeof(v->last));
	strlcat(v->all, text, sizeof(v->all));
	strlcat(v->all, "\n", sizeof(v->all));
	for (i = VERDICT_DEFER; i <= VERDICT_AFTER_DATA; i++)
		if (strncmp(text, verdict_word(i),
		    strlen(verdict_word(i))) == 0)
			v->ends++;
}

/* Only the last step tells the decision, in the reason's words. */
static void
check_trace(const struct site_verdict *v)
{
	char last[1024];

	snprintf(last, sizeof(last), "%s%s", verdict_word(v->d.verdict),
	    reason_words(v->d.reason)->text);
	assert_string_equal(v->last, last);
	assert_int_equal(v->ends, 1);
	assert_in_range(v->steps, 2, 16);
}

/* What was not asked for would be in the sender's favour: reading it all the
 * same is a pass that nobody gave. */
static void
site_fetch(struct site *s, const struct site_mail *mail,
    unsigned int fetched, struct facts *f)
{
	const char *table = mail->table == NULL ? "-" : mail->table;
	size_t i, k;

	f->in_table = *table == '?' ? -1 : *table != '-';
	f->table = NULL;
	f->table_user = "table.user";
	for (i = 0; i < s->policy.accounts && fetched & FACT_USERS; i++)
		for (k = 0; k < s->account[i].sources; k++)
			if (s->source[i][k].kind == SOURCE_USERS &&
			    (*table == '?' ||
			    strcmp(s->source[i][k].name, table) == 0))
				f->table = &s->source[i][k];

	f->fetched = fetched;
	f->spf = fetched & FACT_SPF ? mail->spf : SPF_PASS;
	f->google = fetched & FACT_GOOGLE ? mail->google : SPF_PASS;
	f->outlook = fetched & FACT_OUTLOOK ? mail->outlook : SPF_PASS;
	f->verified = fetched & FACT_VERIFIED ? mail->verified : 1;
	f->string = (struct factor){ .holds = fetched & FACT_STRING ?
	    mail->string : 1, .alternative = 2, .field = "Subject", .at = 9,
	    .found = 3, .tokens = 7 };
}

/* As authorise() does it; nothing is asked for twice. */
static void
site_decide(struct site *s, const struct site_mail *mail, struct facts *f,
    struct site_verdict *v)
{
	unsigned int needs;

	site_fetch(s, mail, 0, f);
	while ((needs = rules_judge(&s->policy, f, &v->d, NULL)) != 0) {
		assert_int_equal(needs & f->fetched, 0);
		assert_in_range(needs, 1, 2 * FACT_USERS - 1);
		v->rounds++;
		v->asked |= needs;
		site_fetch(s, mail, v->asked, f);
	}
}

static void
site_judge(struct site *s, const struct site_mail *mail,
    struct site_verdict *v)
{
	struct trace trace = { site_step, v };
	char identity[ADDR_MAX];
	struct facts f = {
		.sender = mail->sender,
		.identity = identity,
		.recipient = mail->recipient,
		.later = strcmp(mail->from, LATER) == 0,
		.local = strcmp(mail->from, LOCAL) == 0,
		.header = mail->header,
		.hops = mail->hops,
		.auto_replied = mail->auto_replied,
		.dkim = mail->dkim,
		.dmarc = mail->dmarc
	};
	struct decision untraced;

	addr_identity(mail->sender, identity);
	f.client.family = AF_UNSPEC;
	if (!f.local && !f.later && strcmp(mail->from, UNKNOWN) != 0)
		assert_int_equal(ip_read(mail->from, &f.client), 0);
	memset(v, 0, sizeof(*v));
	memset(&v->d, 0xa5, sizeof(v->d));
	site_decide(s, mail, &f, v);
	untraced = v->d;
	memset(&v->d, 0x5a, sizeof(v->d));
	assert_int_equal(rules_judge(&s->policy, &f, &v->d, &trace), 0);
	check_trace(v);
	assert_int_equal(untraced.verdict, v->d.verdict);
	assert_int_equal(untraced.reason, v->d.reason);
	assert_int_equal(untraced.would_refuse, v->d.would_refuse);
	assert_ptr_equal(untraced.source, v->d.source);
}

#endif
