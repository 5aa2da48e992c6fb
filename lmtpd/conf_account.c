/*
 * Accounts out of the parsed configuration: the channels that they may use
 * and the sources that may use them.  Trusts the author, not his attention.
 */
#include <stdlib.h>
#include <string.h>

#include "conf_account.h"
#include "conf_rule.h"
#include "conf_string.h"
#include "conf_take.h"

static const struct {
	const char	*section;
	enum source_kind kind;
} source_sections[] = {
	{ "email", SOURCE_EMAIL },
	{ "users", SOURCE_USERS },
	{ "domain", SOURCE_DOMAIN },
	{ "ip", SOURCE_IP },
	{ "anyone", SOURCE_ANYONE }
};

static const size_t source_kinds = sizeof(source_sections) /
    sizeof(source_sections[0]);

/* The node's own list; without one the inherited, NULL being {"spf"}. */
static struct security
make_security(struct conf_errors *e, const struct conf_node *node,
    const struct security *inherited)
{
	struct security s = { .words = SECURITY_SPF };
	size_t i, n = node_values(node, "security");
	struct conf_value v;

	if (n == 0 && inherited != NULL) {
		s = *inherited;
		s.net = conf_room(s.nets, sizeof(*s.net));
		memcpy(s.net, inherited->net, s.nets * sizeof(*s.net));
		return s;
	}
	s.net = conf_room(n, sizeof(*s.net));
	if (n > 0)
		s.words = 0;
	for (i = 0; node_value(node, "security", i, &v); i++)
		rule_security(e, &v, &s);
	return s;
}

/* "" where there is none. */
static char *
make_user(struct conf_errors *e, const struct conf_node *node, const char *def)
{
	struct conf_value v;

	if (!node_value(node, "forwarding-user", 0, &v))
		return conf_dup(def);
	value_user(e, &v, "forwarding-user");
	return conf_dup(v.text);
}

static const struct channel *
find_channel(const struct policy *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->channels; i++)
		if (strcmp(p->channel[i].name, name) == 0)
			return &p->channel[i];
	return NULL;
}

static void
make_numbers(struct conf_errors *e, const struct conf_node *node,
    struct grant *g)
{
	struct conf_value v;
	size_t i;

	g->numbers = conf_strings(node, "numbers");
	g->number = conf_room(g->numbers.n, sizeof(*g->number));
	for (i = 0; node_value(node, "numbers", i, &v); i++) {
		g->number[i] = rule_pattern(e, &v, "numbers");
		if (g->number[i] == NULL)
			continue;
		if (g->channel != NULL && !g->channel->number)
			conf_error(e, v.where, "numbers: recipients of channel "
			    "\"%s\" are no numbers: take it out",
			    g->channel->name);
		else
			rule_number_pattern(e, &v);
	}
}

static void
make_grant(struct conf_errors *e, const struct conf_node *node,
    const struct policy *p, struct grant *g)
{
	static const struct word compare[] = {
		{ "binary", false }, { "text", true }
	};
	struct conf_value v;

	g->where = node_where(node);
	g->channel = find_channel(p, node_title(node));
	if (g->channel == NULL)
		conf_error(e, g->where, "there is no channel \"%s\": add it "
		    "outside the accounts, or name another", node_title(node));
	g->compare_text = take_word(e, node, "compare", compare, 2, false);
	g->security_string = conf_dup("");
	if (node_value(node, "security-string", 0, &v)) {
		free(g->security_string);
		g->security_string = conf_dup(v.text);
		string_make(e, &v, g);
	}
	make_numbers(e, node, g);
}

static void
make_grants(struct conf_errors *e, const struct conf_node *node,
    const struct policy *p, struct account *a)
{
	size_t i, n = node_count(node, "channel");
	struct conf_node child;

	a->grant = conf_room(n, sizeof(*a->grant));
	for (i = 0; i < n; i++) {
		child = node_at(node, "channel", i);
		make_grant(e, &child, p, &a->grant[i]);
		a->grants++;
	}
}

static void
make_ip(struct conf_errors *e, const struct conf_value *title,
    struct source *s)
{
	s->name = conf_dup(title->text);
	if (ip_read(title->text, &s->ip) == -1)
		conf_error(e, title->where, "ip \"%s\": one address such as "
		    "\"192.0.2.1\" would be right (networks go into security)",
		    title->text);
}

static void
name_source(struct conf_errors *e, const struct conf_node *node,
    struct source *s)
{
	struct conf_value title = { node_title(node), s->where };

	switch (s->kind) {
	case SOURCE_EMAIL:
		value_email(e, &title, "email", &s->name);
		break;
	case SOURCE_USERS:
		if (value_name(e, &title, "users") == 0)
			s->name = conf_dup(title.text);
		break;
	case SOURCE_DOMAIN:
		value_domain(e, &title, "domain", &s->name);
		break;
	case SOURCE_IP:
		make_ip(e, &title, s);
		break;
	case SOURCE_ANYONE:
		break;
	}
	if (s->name == NULL)
		s->name = conf_dup("");
}

/* An ip source has no security: the server is. */
static void
make_source(struct conf_errors *e, const struct conf_node *node,
    const struct account *a, struct source *s)
{
	s->account = a;
	s->where = node_where(node);
	name_source(e, node, s);
	s->user = s->kind == SOURCE_USERS ? conf_dup("") :
	    make_user(e, node, a->user);
	if (*s->user == '\0' && s->kind != SOURCE_ANYONE &&
	    s->kind != SOURCE_USERS)
		conf_error(e, s->where, "\"%s\" has no forwarding user: write "
		    "forwarding-user = \"name\" here or in account \"%s\"",
		    s->name, a->name);
	if (s->kind != SOURCE_IP)
		s->security = make_security(e, node, &a->security);
	if (s->kind == SOURCE_DOMAIN)
		s->verify = take_bool(e, node, "verify", a->verify);
	if (s->kind <= SOURCE_DOMAIN)
		s->forwarded = take_bool(e, node, "forwarded", false);
	if (s->kind == SOURCE_ANYONE)
		s->null_sender = take_bool(e, node, "null-sender", false);
}

static int
by_line(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	if (x->where.line != y->where.line)
		return x->where.line < y->where.line ? -1 : 1;
	return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) :
	    strcmp(x->name, y->name);
}

static void
make_sources(struct conf_errors *e, const struct conf_node *node,
    struct account *a)
{
	struct conf_node child;
	size_t i, k, n = 0;

	for (k = 0; k < source_kinds; k++)
		n += node_count(node, source_sections[k].section);
	a->source = conf_room(n, sizeof(*a->source));
	for (k = 0; k < source_kinds; k++) {
		n = node_count(node, source_sections[k].section);
		for (i = 0; i < n; i++) {
			child = node_at(node, source_sections[k].section, i);
			a->source[a->sources].kind = source_sections[k].kind;
			make_source(e, &child, a, &a->source[a->sources]);
			a->sources++;
		}
	}
	qsort(a->source, a->sources, sizeof(*a->source), by_line);
}

static void
make_admins(struct conf_errors *e, const struct conf_node *node,
    struct account *a)
{
	struct conf_value v;
	char *address;
	size_t i;

	a->admin = conf_strings(node, "admin");
	for (i = 0; node_value(node, "admin", i, &v); i++) {
		if (value_email(e, &v, "admin", &address) == -1)
			continue;
		free(a->admin.v[i]);
		a->admin.v[i] = address;
	}
}

static void
make_account(struct conf_errors *e, const struct conf_node *node,
    const struct policy *p, struct account *a)
{
	struct conf_value name = { node_title(node), node_where(node) }, v;

	a->name = conf_dup(name.text);
	a->where = name.where;
	value_name(e, &name, "account");
	make_admins(e, node, a);
	a->user = make_user(e, node, "");
	a->security = make_security(e, node, NULL);
	a->verify = take_bool(e, node, "verify", false);
	a->rate = conf_dup("");
	if (node_value(node, "rate", 0, &v) &&
	    value_rate(e, &v, "rate") == 0) {
		free(a->rate);
		a->rate = conf_dup(v.text);
	}
	a->enforce = take_bool(e, node, "enforce", true);
	a->notices_per_hour = (unsigned int)take_number(e, node,
	    "notices-per-hour", 20, 0, 100000);
	make_grants(e, node, p, a);
	make_sources(e, node, a);
}

static void
mark_channel(struct policy *p, const struct channel *ch)
{
	size_t i;

	for (i = 0; i < p->channels; i++)
		if (&p->channel[i] == ch)
			p->channel[i].keywords = true;
	p->keywords = true;
}

/* Where a keyword may come, no reply tells which local parts are right. */
static void
mark_keywords(struct policy *p)
{
	const struct grant *g;
	size_t i, j, k;

	for (i = 0; i < p->accounts; i++)
		for (j = 0; j < p->account[i].grants; j++) {
			g = &p->account[i].grant[j];
			for (k = 0; k < g->alternatives; k++)
				if (g->alternative[k].keyword != NULL)
					mark_channel(p, g->channel);
		}
}

void
conf_make_accounts(struct policy *p, const struct conf_node *root,
    struct conf_errors *e)
{
	struct conf_node node;
	size_t i, n = node_count(root, "account");

	p->account = conf_room(n, sizeof(*p->account));
	for (i = 0; i < n; i++) {
		node = node_at(root, "account", i);
		make_account(e, &node, p, &p->account[i]);
		p->accounts++;
	}
	mark_keywords(p);
}
