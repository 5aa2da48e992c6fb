/*
 * Tests of lint_policy(): each warning at its place, and silence where there
 * is nothing to say.  conf_site.h's HEAD is lines 1-3.
 */
#include "conf_site.h"
#include "domains.h"
#include "lint.h"

#define MAIL	"{ security = {\"192.0.2.1\"} }"
#define A	"account \"a\" { forwarding-user = \"u\"\n"	/* line 4 */
#define USUAL	"channel \"c\" { }\nemail \"a@b.c\" " MAIL "\n}\n"

#define STATE(f)	\
	cmocka_unit_test_setup_teardown(f, state_begin, state_end)

struct advice {
	const char	*text;
	const char	*want;		/* how each line begins; '|' between */
};

static const struct advice advices[] = {
	{ HEAD A USUAL, "" },
	/* who is believed */
	{ "trusted-peers = {\"root\", \"127.0.0.1\"}\n" HEAD A USUAL,
	    "m:1: trusted-peers \"127.0.0.1\": any local user" },
	{ "trusted-peers = {\"::1\", \"192.0.2.1\"}\n" HEAD A USUAL,
	    "m:1: trusted-peers \"::1\": any local user" },
	{ "trusted-peers = {\"no-such-user\", \"root\", 4294967294}\n" HEAD A
	    USUAL, "m:1: trusted-peers \"no-such-user\": no user of this "
	    "machine has that name; " },
	{ "trusted-peers = {\"mx.example.net\"}\n" HEAD A USUAL, "m:1: "
	    "trusted-peers \"mx.example.net\": no user of this machine" },
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
	/* what only lmtptext would be told */
	{ "backend \"b\" { command = {\"/bin/true\"}\nmax-segments = 1 }\n"
	    CHANNEL A USUAL, "m:1: backend \"b\": text, cut-at, max-segments "
	    "and overflow have no effect without input = \"text\"" },
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
	{ HEAD A "channel \"c\" { security-string = 'hZavjjx5JT1Y2ff' }\n"
	    "email \"a@b.c\" { security = {\"google\"} }}\n", "" },
	/* one channel of two has a second factor */
	{ HEAD A "channel \"c\" { security-string = 'hZavjjx5JT1Y2ff' }\n"
	    "channel \"n\" { }\nemail \"a@b.c\" { security = "
	    "{\"outlook\"} }}\n", "m:7: a@b.c: every customer of that" },
	/* a watched account has no other doubts for its string */
	{ HEAD A "enforce = false channel \"c\" { security-string = "
	    "'hZavjjx5JT1Y2ff' }\n" "email \"a@b.c\" " MAIL "\n}\n",
	    "m:4: account \"a\": enforce = false" },
	/* results of an MTA that nobody names, or that must strip */
	{ HEAD A "channel \"c\" { }\nemail \"a@b.c\" { security = "
	    "{\"dkim\"} }}\n", "m:6: dkim and dmarc never hold here" },
	{ "authserv-id = \"mx\"\n" HEAD A "channel \"c\" { }\nemail "
	    "\"a@b.c\" { security = {\"dmarc\"} }}\n", "m:7: dkim and dmarc "
	    "are believed of \"mx\"" },
	/* what there is nothing to say of */
	{ "client-address = \"received\" trusted-relays = {\"::1\"}\n" HEAD A
	    USUAL, "" },
	{ "client-address = \"xclient\"\n" HEAD A USUAL, "" },
	{ "client-address = \"peer\"\n" HEAD A USUAL, "" },
	{ "refusals = \"proven\"\n" HEAD A USUAL, "" },
	{ "remember = \"2 days\"\n" HEAD A USUAL, "" },
	{ "remember = 0\n" HEAD A USUAL, "" },
	{ HEAD A "rate = \"1/day\"\n" USUAL, "" },
	/* who is told, and by what */
	{ "mailer = {\"/x\"}\n" HEAD A USUAL, "" },
	{ "mailer = {\"/x\"}\n" HEAD A "admin = {\"a@b.c\"}\n" USUAL, "" },
	{ HEAD A "admin = {\"a@b.c\"}\n" USUAL, "m:4: account \"a\" has an "
	    "admin to be told of new server addresses, and there is no mailer" },
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
	return lint_as_is(text, said, "root");
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

/* Patterns of two channels, one behind the other. */
static void
channels_that_are_never_reached_are_told(void **state)
{
	static const struct {
		const char	*first;
		const char	*later;
		bool		 told;
	} rows[] = {
		{ "*@sms.b.example", "+41*@sms.b.example", true },
		{ "*@SMS.b.example", "+41*@sms.B.example", true },
		{ "*@sms.b.example", "?#[0-9][]x*@sms.b.example", true },
		{ "*a*c*", "[xyz]a?b#c*d", true },
		{ "a*", "a", true },
		{ "*[]*", "+41*", true },
		{ "a]b*", "a]b[]]", true },
		{ "+41*@sms.b.example", "*@sms.b.example", false },
		{ "*@sms.b.example", "*@*.b.example", false },
		{ "*@sms.b.example", "*@sms?b.example", false },
		{ "*@sms.b.example", "*@sms.b.example*", false },
		/* a list takes any of its characters, not all of its text */
		{ "*ab*", "[ab]x", false },
		{ "*a*", "[a]x", false },	/* so it is, but not cheaply */
		{ "*]*", "[a]", false },
		{ "*a*", "x[!a]", false },
		/* what the first one's wildcards take may be less */
		{ "?@b.example", "*@b.example", false },
		{ "#@b.example", "?@b.example", false },
		{ "[+*]*@b.example", "*@b.example", false },
		{ "[[]*", "[+]", false },
	};
	char text[1024];
	struct said said;

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		snprintf(text, sizeof(text), BACKEND "channel \"c\" { "
		    "recipient = \"%s\" backend = \"b\" }\nchannel \"d\" { "
		    "recipient = \"%s\" backend = \"b\" }\n" A USUAL,
		    rows[i].first, rows[i].later);
		policy_free(lint(text, &said));
		if (!is_advice(said.text, rows[i].told ? "m:3: channel \"d\" "
		    "is never reached: channel \"c\" (m:2) comes" : ""))
			fail_msg("\"%s\", then \"%s\": %s", rows[i].first,
			    rows[i].later, said.text);
	}
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

/*
 * What is said of each alternative: "." octets or ":" an IPv6 address without
 * an anchor, "s" no secret, "n" never needed; with the alternative's number.
 */
struct string {
	const char	*text;
	const char	*want;
};

static const struct string strings[] = {
	/* octets */
	{ "44.44.44", "1. 1s" },
	{ "44.44.44.44", "1. 1s" },
	{ "44.44.44.[1-5]", "1. 1s" },
	{ "44.44.[1,3-5].44]", "1. 1s" },
	{ "44.44.44.##", "1. 1s" },
	{ "44.44.44.?", "1. 1s" },
	{ "[[]44.44.44.??", "1. 1s" },
	{ "##.##.##.##", "1. 1s" },
	{ "?44.44.44.44]", "1. 1s" },
	{ "Customer*33.33.33.33", "1. 1s" },
	{ "33.33.33.33*x", "1. 1s" },
	{ "*44.44.44.44]", "1. 1s" },
	{ "[[]44.44.44.44", "1. 1s" },
	{ "44.44.44.44]*", "1. 1s" },
	{ "abc44.44.44", "1. 1s" },
	{ "[[]44.44.44.44]*33.33.33.33", "1. 1s" },
	{ "X-Key: 1.2.3.4;a@b.c", "1. 1s 2s" },
	{ "abc;44.44.44", "1s 2. 2s" },
	{ "hZavjjx5JT1Y2ff*44.44.44.44", "1." },
	/* with an anchor, or none */
	{ "[[]44.44.44.44]", "1s" },
	{ "[[]44.44.44.[1-5]]", "1s" },
	{ "[[]44.44.44.*", "1s" },
	{ "[[]##.##.##.##]", "1s" },
	{ "[!0-9]44.44.44.44[!0-9]", "1s" },
	{ "[,]44.44.44.44[ab]", "1s" },
	{ "(44.44.44.44)*", "1s" },
	{ " 44.44.44.44 *", "1s" },
	{ "44.44", "1s" },
	{ "v1.2", "1s" },
	/* IPv6 */
	{ "2001:db8::1", "1: 1s" },
	{ "2001:db8:0:0:0:0:0:[1-5]", "1: 1s" },
	{ "[[]IPv6:2001:db8::1", "1: 1s" },
	{ "Customer*2001:DB8::1]", "1: 1s" },
	{ "[[]IPv6:2001:db8::1]", "1s" },
	{ "[[]IPv6:2001:db8:1:*", "1s" },
	{ "Foo::bar", "1s" },
	{ "Date: *10:30:00", "1s" },
	{ "10:30:00:11", "1s" },
	{ "10:30:00:1", "1: 1s" },
	{ "X-Cafe: beef", "1s" },
	/* secrets */
	{ "hZavjjx5JT1Y2ff", "" },
	{ "X-Key: hZavjjx5JT1Y2ff", "" },
	{ "X-*: hZavjjx5JT1Y2ff", "" },
	{ "3f9c-a0d2_7b", "" },
	{ "Customer?*(hZavjjx5JT)", "" },
	{ "hZavjjx5JT1Y2ff;Qm7nTz04RvB1", "" },
	{ "a123456789", "" },
	{ "a12345678", "1s" },			/* too short */
	{ "abcdefghijklmnop", "1s" },		/* no digit */
	{ "X-1234-567-890", "" },
	{ "*1234567890", "1s" },		/* no letter */
	{ "--_--_--_--_", "1s" },
	{ "hZavj*jx5JT1Y", "1s" },		/* what breaks a stretch */
	{ "hZavj?jx5JT1Y", "1s" },
	{ "hZavj#jx5JT1Y", "1s" },
	{ "hZavj[x]jx5JT1Y", "1s" },
	{ "[hZavjjx5JT1Y2ff]", "1s" },
	{ "[!hZavjjx5JT1Y2ff]a", "1s" },
	{ "hZavj+jx5JT1Y", "1s" },
	{ "boss@example.org", "1s" },
	{ "mail-server01.example.com", "1s" },	/* names are public */
	{ "mx.mail-server01", "1s" },
	{ "john-smith-1970@example.com", "1s" },
	{ "x@mail-server01", "1s" },
	{ "hZavjjx5JT1Y2ff;example.com;Qm7nTz04RvB1;secret", "2s 4s" },
	{ "a[;]b;hZavjjx5JT1Y2ff;c", "1s 3s" },
	/* never needed */
	{ "hZavjjx5JT1Y2ff;X-Key: hZavjjx5JT1Y2ff", "2n" },
	{ "Qm7nTz04RvB1xx;Qm7nTz04RvB1", "1n" },
	{ "Qm7nTz04RvB1;qm7ntz04rvb1", "" },
	{ "Qm7nTz04RvB1;Qm7nTz04RvB1", "1n 2n" },
	{ "Qm7nTz04RvB#;Qm7nTz04RvB1", "2n" },
	{ "Qm7nTz04RvB1;Qm7nTz04RvB1*", "1n" },
};

/* What was said, a doubt a line, in the shape of struct string's want. */
static void
short_form(const char *said, char *out, size_t size)
{
	static const struct {
		char		 kind;
		const char	*text;
	} kinds[] = {
		{ '.', " has octets without an anchor: 22.22.22 also hits "
		    "122.22.221; write them as the field has them, as in "
		    "\"[[]22.22.22.22]\"\n" },
		{ ':', " has an IPv6 address without an anchor: 2001:db8::1 "
		    "also hits 2001:db8::12; write it as the field has it, as "
		    "in \"[[]IPv6:2001:db8::1]\"\n" },
		{ 's', " is no secret: any sender can write it into a field of "
		    "their own mail; put a keyword of 12 or more random "
		    "letters and digits in its place (openssl rand -hex 8)\n" },
		{ 'n', " is never needed: where it stands, alternative " },
	};
	unsigned int nth;
	size_t i;
	int n;

	*out = '\0';
	for (; *said != '\0'; said += strcspn(said, "\n") + 1) {
		n = 0;
		sscanf(said, "m:6: security-string: alternative %u%n", &nth,
		    &n);
		for (i = 0; n > 0 && i < NELEM(kinds); i++)
			if (strncmp(said + n, kinds[i].text,
			    strlen(kinds[i].text)) == 0)
				break;
		if (n == 0 || i == NELEM(kinds))
			fail_msg("%s", said);
		snprintf(out + strlen(out), size - strlen(out), "%s%u%c",
		    *out == '\0' ? "" : " ", nth, kinds[i].kind);
	}
}

static void
lint_one_string(const char *string, const char *compare, struct said *said)
{
	char text[1024];

	snprintf(text, sizeof(text), HEAD A "email \"a@b.c\" " MAIL
	    "\nchannel \"c\" { compare = %s security-string = '%s' }}\n",
	    compare, string);
	policy_free(lint(text, said));
}

static void
security_strings_are_doubted(void **state)
{
	char is[256];
	struct said said;

	(void)state;
	for (size_t i = 0; i < NELEM(strings); i++) {
		lint_one_string(strings[i].text, "binary", &said);
		short_form(said.text, is, sizeof(is));
		if (strcmp(is, strings[i].want) != 0)
			fail_msg("'%s': \"%s\", not \"%s\"", strings[i].text,
			    is, strings[i].want);
	}
}

static void
doubts_of_a_string_do_not_tell_it(void **state)
{
	struct said said;

	(void)state;
	lint_one_string("Geheim77;Geheim77.33.33.33;Geheim", "binary", &said);
	assert_int_equal(said.warnings, 6);
	assert_null(strcasestr(said.text, "geheim"));
	assert_null(strstr(said.text, "33.33"));
}

static void
with_compare_text_case_is_no_difference(void **state)
{
	struct said said;

	(void)state;
	lint_one_string("Qm7nTz04RvB1;X: qm7ntz04rvb1", "text", &said);
	assert_string_equal(said.text, "m:6: security-string: alternative 2 "
	    "is never needed: where it stands, alternative 1 is found too; "
	    "take one of the two out\n");
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

/* --- the state directory */

/* As lmtpctl makes it of no rows: each of 256 hash tables is empty, and begins
 * where the file ends. */
static void
write_table(const char *name, size_t size)
{
	unsigned char empty[2048] = { 0 };
	char file[64];
	size_t i;

	for (i = 0; i < sizeof(empty); i += 8)
		empty[i + 1] = 2048 / 256;
	snprintf(file, sizeof(file), "state/tables/%s.cdb", name);
	site_write_n(file, (const char *)empty, size, 0600);
}

static void
write_domain(const char *name, time_t verified)
{
	struct domain_proof proof = { .issued = 1769903999 };

	domains_token(proof.token);
	proof.verified = proof.checked = verified;
	assert_int_equal(domains_write(site_path("state"), name, &proof), 0);
}

static int
state_begin(void **state)
{
	(void)state;
	assert_int_equal(mkdir(site_path("state"), 0700), 0);
	assert_int_equal(mkdir(site_path("state/tables"), 0700), 0);
	assert_int_equal(mkdir(site_path("state/domains"), 0700), 0);
	return setenv("LMTPD_STATE_DIR", site_path("state"), 1);
}

static int
state_end(void **state)
{
	char command[4200];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", site_path("state"));
	return system(command) | unsetenv("LMTPD_STATE_DIR");
}

#define TABLES	HEAD A "channel \"c\" { }\nusers \"staff\" " MAIL "\n" \
		"users \"vips\" " MAIL "\n}\n"
#define DOMAINS	HEAD A "verify = true\nchannel \"c\" { }\ndomain \"b.c\" " \
		MAIL "\ndomain \"d.e\" { security = {\"192.0.2.1\"} verify = " \
		"false }\n}\n"

static void
said_of(const char *text, const char *want)
{
	struct said said;

	policy_free(lint(text, &said));
	if (!is_advice(said.text, want))
		fail_msg("said: %swant: %s", said.text, want);
}

static void
tables_that_are_missing_or_damaged_are_told(void **state)
{
	(void)state;
	said_of(TABLES, "m:6: users \"staff\": there is no such table, and "
	    "mail that might be of it is answered 451: lmtpctl import staff "
	    "FILE.csv|m:7: users \"vips\": there is no such table");
	write_table("staff", 2048);
	write_table("vips", 2047);
	said_of(TABLES, "m:7: users \"vips\": the table is damaged, and mail "
	    "that might be of it is answered 451: lmtpctl import --replace "
	    "vips FILE.csv");
	write_table("vips", 2048);
	said_of(TABLES, "");
}

static void
table_that_cannot_be_read_is_told(void **state)
{
	(void)state;
	write_table("staff", 2048);
	assert_int_equal(symlink("staff.cdb", site_path("state/tables/"
	    "vips.cdb")), 0);
	said_of(TABLES, "m:7: users \"vips\": the table cannot be read: ");
}

static void
domains_without_a_proof_are_told(void **state)
{
	(void)state;
	said_of(DOMAINS, "m:7: domain \"b.c\" is to be verified and has no "
	    "token yet: lmtpctl domain token b.c");
	write_domain("b.c", 0);
	said_of(DOMAINS, "m:7: domain \"b.c\" is not verified: its mail is "
	    "refused until lmtpctl domain verify b.c finds the token");
	write_domain("b.c", 1769904000);
	said_of(DOMAINS, "");
}

static void
proof_that_cannot_be_read_is_told(void **state)
{
	(void)state;
	site_write_n("state/domains/b.c", "x", 1, 0600);
	said_of(DOMAINS, "m:7: domain \"b.c\" is to be verified, and its file "
	    "below state-dir cannot be read: ");
}

static void
text_without_lmtptext_is_told(void **state)
{
	static const char text[] = "backend \"b\" { command = {\"/bin/true\"}\n"
	    "input = \"text\" }\n" CHANNEL NAMES A USUAL;

	(void)state;
	assert_int_equal(setenv("LMTPD_LIBEXECDIR", "/nowhere", 1), 0);
	said_of(text, "m:1: backend \"b\": input = \"text\" needs "
	    "/nowhere/lmtptext, which cannot be executed");
	assert_int_equal(unsetenv("LMTPD_LIBEXECDIR"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_that_nobody_can_tell_is_told),
		cmocka_unit_test(advice_is_given_where_due),
		cmocka_unit_test(channels_that_are_never_reached_are_told),
		cmocka_unit_test(security_strings_are_doubted),
		cmocka_unit_test(doubts_of_a_string_do_not_tell_it),
		cmocka_unit_test(with_compare_text_case_is_no_difference),
		cmocka_unit_test(many_sources_in_one_file_are_told),
		cmocka_unit_test(command_that_all_may_write_is_told),
		cmocka_unit_test(text_without_lmtptext_is_told),
		STATE(tables_that_are_missing_or_damaged_are_told),
		STATE(table_that_cannot_be_read_is_told),
		STATE(domains_without_a_proof_are_told),
		STATE(proof_that_cannot_be_read_is_told),
	};

	return cmocka_run_group_tests(tests, site_begin, site_end);
}
