/*
 * Tests of lint_policy(): each warning at its place, and silence where there
 * is nothing to say.  conf_site.h's HEAD is lines 1-3.
 */
#include "conf_site.h"
#include "lint.h"

#define MAIL	"{ security = {\"192.0.2.1\"} }"
#define A	"account \"a\" { forwarding-user = \"u\"\n"	/* line 4 */
#define USUAL	"channel \"c\" { }\nemail \"a@b.c\" " MAIL "\n}\n"

struct advice {
	const char	*text;
	const char	*want;		/* how each line begins; '|' between */
};

static const struct advice advices[] = {
	{ HEAD A USUAL, "" },
	/* who is believed */
	{ "trusted-peers = {\"postfix\", \"127.0.0.1\"}\n" HEAD A USUAL,
	    "m:1: trusted-peers \"127.0.0.1\": any local user" },
	{ "trusted-peers = {\"::1\", \"192.0.2.1\"}\n" HEAD A USUAL,
	    "m:1: trusted-peers \"::1\": any local user" },
	{ HEAD A "channel \"c\" { }\nemail \"a@b.c\" { security = {\"none\"} }"
	    "}\n", "m:6: a@b.c: security \"none\" accepts" },
	{ HEAD A "channel \"c\" { }\nanyone { security = {\"none\"} }}\n",
	    "m:6: anyone: security \"none\" accepts" },
	{ HEAD A "channel \"c\" { }\ndomain \"b.c\" { security = "
	    "{\"127.0.0.0/8\"} }}\n", "m:6: b.c: the security list holds "
	    "loopback" },
	{ HEAD A "channel \"c\" { }\nip \"192.0.2.1\" { }}\n", "m:6: ip "
	    "\"192.0.2.1\": any sender through that server" },
	/* what is never used or reached */
	{ "backend \"d\" { command = {\"/bin/true\"} }\n" HEAD A USUAL,
	    "m:1: backend \"d\" is used by no channel" },
	{ HEAD "channel \"d\" { recipient = \"*@C.example\" backend = \"b\" "
	    "}\n" A USUAL, "m:4: channel \"d\" is never reached: channel "
	    "\"c\" (m:2) comes first" },
	{ BACKEND "channel \"a\" { recipient = \"*\" backend = \"b\" }\n"
	    CHANNEL A USUAL, "m:3: channel \"c\" is never reached: channel "
	    "\"a\" (m:2) comes first and takes \"*\"" },
	{ HEAD A "email \"a@b.c\" " MAIL "}\n", "m:4: account \"a\" may use "
	    "no channel" },
	{ HEAD A "channel \"c\" { }}\n", "m:4: account \"a\" has no source" },
	{ HEAD, "m:1: there is no account" },
	{ "account \"a\" { }\n", "m:1: there is no channel|m:1: account \"a\" "
	    "may use no channel|m:1: account \"a\" has no source" },
	{ HEAD A "enforce = false\n" USUAL, "m:4: account \"a\": enforce = "
	    "false" },
	/* commands */
	{ "backend \"b\" { command = {\"/nowhere/x\"} }\n" CHANNEL A USUAL,
	    "m:1: backend \"b\": there is no program /nowhere/x; its mail "
	    "will be answered 451" },
	{ "backend \"b\" { command = {\"nowhere\"} }\n" CHANNEL A USUAL,
	    "m:1: backend \"b\": there is no program "
	    LMTPD_DATADIR "/" },
	{ "backend \"b\" { command = {\"/etc/passwd\"} }\n" CHANNEL A USUAL,
	    "m:1: backend \"b\": /etc/passwd is not executable" },
	{ "backend \"b\" { command = {\"/etc\"} }\n" CHANNEL A USUAL,
	    "m:1: backend \"b\": there is no program /etc;" },
	/* providers that all their customers share */
	{ HEAD A "channel \"c\" { }\nemail \"a@b.c\" { security = "
	    "{\"google\"} }}\n", "m:6: a@b.c: every customer of that "
	    "provider" },
	{ HEAD A "channel \"c\" { security-string = 'abc' }\nemail \"a@b.c\" "
	    "{ security = {\"outlook\"} }}\n", "m:5: security-string is not "
	    "built" },
	{ HEAD A "enforce = false channel \"c\" { security-string = 'abc' }\n"
	    "email \"a@b.c\" " MAIL "\n}\n", "m:4: account \"a\": enforce = false|m:5: "
	    "security-string is not built in this version: with enforce = "
	    "false such mail is delivered unchecked" },
	/* results of an MTA that nobody names, or that must strip */
	{ HEAD A "channel \"c\" { }\nemail \"a@b.c\" { security = "
	    "{\"dkim\"} }}\n", "m:6: dkim and dmarc never hold here" },
	{ "authserv-id = \"mx\"\n" HEAD A "channel \"c\" { }\nemail "
	    "\"a@b.c\" { security = {\"dmarc\"} }}\n", "m:7: dkim and dmarc "
	    "are believed of \"mx\"" },
	/* what is built */
	{ HEAD A "channel \"c\" { }\ndomain \"b.c\" { verify = true }}\n",
	    "" },
	{ "client-address = \"received\" trusted-relays = {\"::1\"}\n" HEAD A
	    USUAL, "" },
	{ "client-address = \"xclient\"\n" HEAD A USUAL, "" },
	{ "client-address = \"peer\"\n" HEAD A USUAL, "" },
	{ "refusals = \"proven\"\n" HEAD A USUAL, "" },
	/* what is not built yet */
	{ "remember = \"2 days\"\n" HEAD A USUAL,
	    "m:1: remember has no effect" },
	{ "remember = \"168 hours\"\n" HEAD A USUAL, "" },
	{ "remember = 0\n" HEAD A USUAL, "" },
	{ "mailer = {\"/x\"}\n" HEAD A USUAL, "m:1: mailer has no effect" },
	{ HEAD A "admin = {\"a@b.c\"}\n" USUAL, "m:4: admin has no effect" },
	{ HEAD A "rate = \"1/day\"\n" USUAL, "m:4: rate is not built" },
};

static struct policy *
lint_as_is(const char *text, struct said *said, const char *peer)
{
	const struct conf_report report = { said_say, said };
	struct policy *p = site_load(text, said);
	unsigned int warnings;

	if (p == NULL)
		fail_msg("%s\n%s", text, said->text);
	if (peer != NULL && p->trusted_peers.n == 0) {
		free(p->trusted_peers.v);
		p->trusted_peers.v = conf_room(2, sizeof(char *));
		p->trusted_peers.v[p->trusted_peers.n++] = conf_dup(peer);
	}
	warnings = lint_policy(p, &report);
	assert_int_equal(warnings, said->warnings);
	assert_int_equal(said->errors, 0);
	return p;
}

/* A site has an MTA, where its text does not name another. */
static struct policy *
lint(const char *text, struct said *said)
{
	return lint_as_is(text, said, "postfix");
}

/* Whether each line begins as it should, and there is no other. */
static bool
is_advice(const char *said, const char *want)
{
	size_t len;

	while (*want != '\0') {
		len = strcspn(want, "|");
		if (strncmp(said, want, len) != 0)
			return false;
		said += strcspn(said, "\n");
		if (*said == '\n')
			said++;
		want += len;
		if (*want == '|')
			want++;
	}
	return *said == '\0';
}

static void
an_address_that_nobody_can_tell_is_told(void **state)
{
	static const struct {
		const char	*text;
		bool		 told;
	} rows[] = {
		{ HEAD A USUAL, true },
		{ "client-address = \"peer\"\n" HEAD A USUAL, false },
		{ HEAD A "channel \"c\" { }\nemail \"a@b.c\" "
		    "{ security = {\"local\"} }}\n", true },
		{ HEAD A "channel \"c\" { }\nip \"192.0.2.1\" { }}\n", true },
		{ HEAD A "channel \"c\" { }\nemail \"a@b.c\" "
		    "{ security = {\"none\", \"local\"} }}\n", false },
	};
	struct said said;

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		policy_free(lint_as_is(rows[i].text, &said, NULL));
		assert_int_equal(strstr(said.text, "name the MTA's user in "
		    "trusted-peers") != NULL, rows[i].told);
	}
}

static void
advice_is_given_where_due(void **state)
{
	struct said said;

	(void)state;
	for (size_t i = 0; i < NELEM(advices); i++) {
		policy_free(lint(advices[i].text, &said));
		if (!is_advice(said.text, advices[i].want))
			fail_msg("%s\nsaid: %swant: %s", advices[i].text,
			    said.text, advices[i].want);
	}
}

struct octets {
	const char	*string;
	unsigned int	 alternative;	/* 0: none is warned of */
};

static const struct octets octets[] = {
	{ "44.44.44", 1 },
	{ "abc;44.44.44", 2 },
	{ "44.44.44.[1-5]", 1 },
	{ "44.44.44.44", 1 },
	{ "Customer*33.33.33.33", 1 },
	{ "33.33.33.33*x", 1 },
	{ "[[]44.44.44.44]", 0 },
	{ "(44.44.44.44)*", 0 },
	{ "[[]44.44.44.44", 1 },
	{ "abc44.44.44", 1 },
	{ "44.44", 0 },
	{ "v1.2", 0 },
	{ "hZavjjx5JT1Y2ff", 0 },
	{ "X-Key: 1.2.3.4;a@b.c", 1 },
	{ "##.##.##.##", 1 },
	{ "[[]##.##.##.##]", 0 },
};

static void
octets_without_an_anchor_are_told(void **state)
{
	char text[1024], want[128];
	struct said said;

	(void)state;
	for (size_t i = 0; i < NELEM(octets); i++) {
		const char *at;

		snprintf(text, sizeof(text), HEAD A "email \"a@b.c\" " MAIL
		    "\nchannel \"c\" { security-string = '%s' }}\n",
		    octets[i].string);
		policy_free(lint(text, &said));
		snprintf(want, sizeof(want), "m:6: security-string: "
		    "alternative %u has octets", octets[i].alternative);
		at = strstr(said.text, "has octets");
		if ((at != NULL) != (octets[i].alternative != 0) ||
		    (at != NULL && strstr(said.text, want) == NULL))
			fail_msg("'%s': %s", octets[i].string, said.text);
		assert_null(strstr(said.text, octets[i].string));
	}
}

static void
many_sources_in_one_file_are_told(void **state)
{
	static char text[65536];
	struct said said;
	int i, n;

	(void)state;
	for (n = 200; n <= 201; n++) {
		strcpy(text, HEAD A "channel \"c\" { }\n");
		for (i = 0; i < n; i++)
			sprintf(text + strlen(text), "email \"a%d@b.c\" " MAIL
			    "\n", i);
		strcat(text, "}\n");
		policy_free(lint(text, &said));
		if (n == 200)
			assert_string_equal(said.text, "");
		else
			assert_true(is_advice(said.text, "m:1: 201 sources in "
			    "one file are read slowly"));
	}
}

static void
command_that_all_may_write_is_told(void **state)
{
	char text[8192];
	struct said said;

	(void)state;
	site_write_n("run", "#!/bin/sh\n", 10, 0757);
	snprintf(text, sizeof(text), "backend \"b\" { command = {\"%s\"} }\n"
	    CHANNEL A USUAL, site_path("run"));
	policy_free(lint(text, &said));
	assert_string_equal(said.text, "m:1: backend \"b\": everyone may "
	    "change run and so run anything as lmtpd's user; chmod o-w it\n");
	assert_int_equal(chmod(site_path("run"), 0755), 0);
	policy_free(lint(text, &said));
	assert_string_equal(said.text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_that_nobody_can_tell_is_told),
		cmocka_unit_test(advice_is_given_where_due),
		cmocka_unit_test(octets_without_an_anchor_are_told),
		cmocka_unit_test(many_sources_in_one_file_are_told),
		cmocka_unit_test(command_that_all_may_write_is_told),
	};

	return cmocka_run_group_tests(tests, site_begin, site_end);
}
