/*
 * The policy out of the parsed configuration: the keys outside sections, with
 * their defaults and bounds, then the rest.  Trusts the author, not his
 * attention.
 */
#include <sys/stat.h>

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf_account.h"
#include "conf_backend.h"
#include "conf_make.h"
#include "conf_rule.h"
#include "conf_take.h"
#include "idn.h"

#ifndef LMTPD_STATE_DIR
#error "the build defines LMTPD_STATE_DIR"
#endif

#define MAILER_MACROS	"f%"

/* The name of this machine, or what stands for it in a Received field. */
static char *
own_hostname(void)
{
	char name[256], ascii[256];
	size_t i;

	if (gethostname(name, sizeof(name)) == -1)
		return conf_dup("localhost");
	name[sizeof(name) - 1] = '\0';
	if (idn_to_ascii(name, ascii, sizeof(ascii)) != 0)
		return conf_dup("localhost");
	i = strspn(ascii, "abcdefghijklmnopqrstuvwxyz0123456789-_.");
	return conf_dup(i > 0 && ascii[i] == '\0' ? ascii : "localhost");
}

/* What is below it decides, too; where it is not there, who uses it says so. */
static void
check_state_dir(struct conf_errors *e, const struct conf_value *v)
{
	struct stat st;

	if (stat(v->text, &st) == 0 && conf_writers(st.st_mode) != NULL)
		conf_error(e, v->where, "state-dir \"%s\" is writable by %s: "
		    "chmod go-w it", v->text, conf_writers(st.st_mode));
}

static char *
make_state_dir(struct policy *p, const struct conf_node *root,
    struct conf_errors *e)
{
	const char *env = getenv("LMTPD_STATE_DIR");
	struct conf_value v;

	if (!node_value(root, "state-dir", 0, &v)) {
		v.text = LMTPD_STATE_DIR;
		v.where = (struct where){ p->files.v[0], 1 };
	}
	if (env != NULL)
		v.text = env;
	if (*v.text != '/')
		conf_error(e, v.where, "%s \"%s\" is relative: write "
		    "an absolute path", env != NULL ? "LMTPD_STATE_DIR" :
		    "state-dir", v.text);
	else
		check_state_dir(e, &v);
	return conf_dup(v.text);
}

/* Users (or their numbers) of a unix socket, addresses of a TCP one. */
static void
check_peers(const struct conf_node *root, struct conf_errors *e)
{
	struct conf_value v;
	struct ip_addr ip;
	size_t i;

	for (i = 0; node_value(root, "trusted-peers", i, &v); i++)
		if (strpbrk(v.text, ":/") == NULL &&
		    (strchr(v.text, '.') == NULL ||
		    v.text[strspn(v.text, "0123456789.")] != '\0'))
			value_name(e, &v, "trusted-peers");
		else if (ip_read(v.text, &ip) == -1)
			conf_error(e, v.where, "trusted-peers \"%s\": a user "
			    "or one address such as \"192.0.2.1\" would be "
			    "right", v.text);
}

static void
make_relays(struct policy *p, const struct conf_node *root,
    struct conf_errors *e)
{
	struct conf_value v;
	size_t i;

	p->trusted_relay = conf_room(node_values(root, "trusted-relays"),
	    sizeof(*p->trusted_relay));
	for (i = 0; node_value(root, "trusted-relays", i, &v); i++)
		if (value_net(e, &v, "trusted-relays",
		    &p->trusted_relay[p->trusted_relays]) == 0)
			p->trusted_relays++;
}

static void
make_probes(struct policy *p, const struct conf_node *root,
    struct conf_errors *e)
{
	static const char def[] = "double-bounce@*";
	struct conf_value v;
	size_t i;

	p->probe_senders = conf_strings(root, "probe-senders");
	p->probe = conf_room(p->probe_senders.n + 1, sizeof(*p->probe));
	if (!node_is_set(root, "probe-senders")) {
		free(p->probe_senders.v);
		p->probe_senders.v = conf_room(2, sizeof(char *));
		p->probe_senders.v[p->probe_senders.n++] = conf_dup(def);
		v.text = def;
		v.where = (struct where){ p->files.v[0], 1 };
		p->probe[0] = rule_pattern(e, &v, "probe-senders");
	}
	for (i = 0; node_value(root, "probe-senders", i, &v); i++)
		p->probe[i] = rule_pattern(e, &v, "probe-senders");
}

static char *
make_notice_from(const struct conf_node *root, struct conf_errors *e)
{
	struct conf_value v;
	char *out;

	if (node_value(root, "notice-from", 0, &v) && *v.text != '\0' &&
	    value_email(e, &v, "notice-from", &out) == 0)
		return out;
	return conf_dup("");
}

static char *
make_authserv_id(const struct conf_node *root, struct conf_errors *e)
{
	struct conf_value v;

	if (!node_value(root, "authserv-id", 0, &v) || *v.text == '\0')
		return conf_dup("");
	value_user(e, &v, "authserv-id");
	return conf_dup(v.text);
}

static void
make_mailer(struct policy *p, const struct conf_node *root,
    struct conf_errors *e)
{
	struct conf_value v;
	size_t i;

	p->mailer = conf_strings(root, "mailer");
	for (i = 0; node_value(root, "mailer", i, &v); i++) {
		if (rule_command_word(e, &v, "mailer", i,
		    MAILER_MACROS) == 0 && i == 0 && *v.text != '/')
			conf_error(e, v.where, "mailer: \"%s\" has no "
			    "path: write an absolute one", v.text);
	}
}

static void
make_numbers(struct policy *p, const struct conf_node *root,
    struct conf_errors *e)
{
	p->max_message_size = take_number(e, root, "max-message-size",
	    10485760, 1024, 1ULL << 40);
	p->max_recipients = (unsigned int)take_number(e, root,
	    "max-recipients", 1000, 1, 100000);
	p->dns_timeout = (unsigned int)take_number(e, root, "dns-timeout", 20,
	    1, SECONDS_MAX);
	p->idle_timeout = (unsigned int)take_number(e, root, "idle-timeout",
	    300, 1, SECONDS_MAX);
	p->reply_timeout = (unsigned int)take_number(e, root, "reply-timeout",
	    100, 1, SECONDS_MAX);
	p->max_hops = (unsigned int)take_number(e, root, "max-hops", 50, 1,
	    1000);
}

static void
make_top(struct policy *p, const struct conf_node *root,
    struct conf_errors *e)
{
	static const struct word addresses[] = {
		{ "xforward", CLIENT_XFORWARD }, { "xclient", CLIENT_XCLIENT },
		{ "received", CLIENT_RECEIVED }, { "peer", CLIENT_PEER }
	};
	static const struct word refusals[] = {
		{ "reply", 0 }, { "proven", 1 }
	};
	struct conf_value v;

	if (node_values(root, "hostname") > 0)
		p->hostname = take_domain(e, root, "hostname", "");
	else
		p->hostname = own_hostname();
	p->state_dir = make_state_dir(p, root, e);
	p->trusted_peers = conf_strings(root, "trusted-peers");
	check_peers(root, e);
	p->client_address = take_word(e, root, "client-address",
	    addresses, sizeof(addresses) / sizeof(addresses[0]),
	    CLIENT_XFORWARD);
	make_relays(p, root, e);
	p->authserv_id = make_authserv_id(root, e);
	make_mailer(p, root, e);
	p->notice_from = make_notice_from(root, e);
	make_numbers(p, root, e);
	p->google_spf = take_domain(e, root, "google-spf",
	    "_spf.google.com");
	p->outlook_spf = take_domain(e, root, "outlook-spf",
	    "spf.protection.outlook.com");
	p->refusals_proven = take_word(e, root, "refusals", refusals,
	    2, 0);
	p->remember = 7 * 86400;
	if (node_value(root, "remember", 0, &v))
		value_duration(e, &v, "remember", &p->remember);
	make_probes(p, root, e);
}

void
conf_make(struct policy *p, const struct conf_node *root,
    struct conf_errors *e)
{
	make_top(p, root, e);
	conf_make_backends(p, root, e);
	conf_make_channels(p, root, e);
	conf_make_accounts(p, root, e);
}
