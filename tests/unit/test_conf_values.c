/*
 * Tests of conf_load(): every refusal of a value, with the file and line that
 * are told, and the values that are right.  conf_site.h's HEAD is lines 1-3.
 */
#include "conf_site.h"

#define A	"account \"a\" { forwarding-user = \"u\"\n"	/* line 4 */
#define GRANT	"account \"a\" {\nchannel \"c\" { "		/* line 5 */

#define TEXT	"backend \"b\" { command = {\"/x\"} input = \"text\"\n"

struct fault {
	const char	*text;
	const char	*error;		/* how the only one begins */
};

static const struct fault faults[] = {
	/* keys and sections */
	{ "\nhostnam = \"x\"\n", "m:2: no such option 'hostnam': known here "
	    "are hostname, state-dir," },
	{ HEAD A "channels \"c\" {}\n}\n", "m:5: no such option 'channels'" },
	{ HEAD A "account \"b\" {}\n}\n", "m:5: no such option 'account'" },
	{ "hostname = {\"a\"}\n", "m:1: unexpected token '{': it takes one" },
	{ "\nhostname = \"a.b\"\nhostname = \"c.d\"\n",
	    "m:3: hostname is set again (first on line 2)" },
	{ HEAD "\naccount {}\n", "m:5: missing title for section 'account'" },
	{ HEAD A "anyone \"x\" {}\n}\n", "m:5: missing opening brace" },
	{ HEAD "channel \"c\" {\n}\n", "m:4: found duplicate title 'c'" },
	{ HEAD A "email \"a@b.c\" {}\nemail \"a@b.c\" {}\n}\n",
	    "m:6: found duplicate title 'a@b.c'" },
	{ HEAD "account \"a\" {\n\n", "m:6: the file ends inside the section "
	    "that begins on line 4" },
	/* numbers */
	{ "max-hops = -1\n", "m:1: max-hops = -1: a number from 1 to 1000" },
	{ "\nmax-hops = 010\n", "m:2: max-hops = 010:" },
	{ "max-hops = 0x10\n", "m:1: max-hops = 0x10:" },
	{ "max-hops = \" 5\"\n", "m:1: max-hops =  5:" },
	{ "max-hops = 5k\n", "m:1: max-hops = 5k:" },
	{ "max-hops = \"\"\n", "m:1: max-hops = :" },
	{ "max-hops = 0\n", "m:1: max-hops = 0:" },
	{ "max-hops = 1001\n", "m:1: max-hops = 1001:" },
	{ "max-hops = 18446744073709551617\n", "m:1: max-hops = 18" },
	{ "max-message-size = 1023\n", "m:1: max-message-size = 1023: a "
	    "number from 1024 to 1099511627776" },
	{ "max-message-size = 1099511627777\n", "m:1: max-message-size" },
	{ "max-recipients = 0\n", "m:1: max-recipients = 0" },
	{ "dns-timeout = 0\n", "m:1: dns-timeout = 0" },
	{ "dns-timeout = 86401\n", "m:1: dns-timeout = 86401" },
	{ "idle-timeout = 0\n", "m:1: idle-timeout = 0" },
	{ "reply-timeout = 0\n", "m:1: reply-timeout = 0" },
	/* words */
	{ "client-address = \"Peer\"\n", "m:1: client-address = \"Peer\": "
	    "xforward, xclient, received or peer would be right" },
	{ "refusals = \"maybe\"\n", "m:1: refusals = \"maybe\": reply or "
	    "proven" },
	{ CHANNEL BACKEND "channel \"d\" {recipient=\"*\" backend=\"b\"\n"
	    "number = TRUE }\n", "m:4: number = \"TRUE\": true or false" },
	/* times */
	{ "remember = \"7\"\n", "m:1: remember = \"7\": 0 or a time such" },
	{ "remember = \"7days\"\n", "m:1: remember = \"7days\"" },
	{ "remember = \"7 weeks\"\n", "m:1: remember = \"7 weeks\"" },
	{ "remember = \"-1 days\"\n", "m:1: remember = \"-1 days\"" },
	{ "remember = \"3661 days\"\n", "m:1: remember = \"3661 days\"" },
	{ "remember = \"07 days\"\n", "m:1: remember = \"07 days\"" },
	{ "remember = \"7 days \"\n", "m:1: remember = \"7 days \"" },
	/* names of the top */
	{ "hostname = \"\"\n", "m:1: hostname \"\": it is empty" },
	{ "hostname = \"a b\"\n", "m:1: hostname \"a b\": a domain has" },
	{ "hostname = \"a..b\"\n", "m:1: hostname \"a..b\": between dots" },
	{ "hostname = \"a-.b\"\n", "m:1: hostname \"a-.b\": no part" },
	{ "hostname = \"a.\"\n", "m:1: hostname \"a.\": write it without the "
	    "dot" },
	{ "google-spf = \"*.x\"\n", "m:1: google-spf \"*.x\": it covers" },
	{ "outlook-spf = \"\"\n", "m:1: outlook-spf \"\": it is empty" },
	{ "state-dir = \"lib\"\n", "m:1: state-dir \"lib\" is relative" },
	{ "state-dir = \"\"\n", "m:1: state-dir \"\" is relative" },
	{ "trusted-peers = {\"postfix\",\n\"a b\"}\n", "m:2: trusted-peers "
	    "\"a b\"" },
	{ "trusted-peers = {\"192.0.2.0/24\"}\n", "m:1: trusted-peers "
	    "\"192.0.2.0/24\": a user or one address" },
	{ "trusted-peers = {\"192.0.2\"}\n", "m:1: trusted-peers" },
	{ "trusted-relays = {\"::1\",\n\n\"192.0.2.1/24\"}\n", "m:3: "
	    "trusted-relays \"192.0.2.1/24\": bits are set behind the prefix, "
	    "\"192.0.2.0/24\" would be right" },
	{ "trusted-relays = {\"x\"}\n", "m:1: trusted-relays \"x\"" },
	{ "notice-from = \"nobody\"\n", "m:1: notice-from \"nobody\": its "
	    "domain is missing" },
	{ "authserv-id = \"a b\"\n", "m:1: authserv-id = \"a b\"" },
	{ "probe-senders = {\"a\",\n\"[\"}\n", "m:2: probe-senders \"[\": " },
	{ "probe-senders = {\"\"}\n", "m:1: probe-senders: an empty" },
	{ "mailer = {\"sendmail\"}\n", "m:1: mailer: \"sendmail\" has no" },
	{ "mailer = {\"/x\", \"%s\"}\n", "m:1: mailer: \"%s\" is no macro: "
	    "\"%\" goes before one of f%" },
	/* backends */
	{ "\nbackend \"b\" { }\n", "m:2: backend \"b\" has no command" },
	{ "backend \"-b\" { command = {\"/x\"} }\n", "m:1: backend \"-b\": a "
	    "name is" },
	{ "backend \"b c\" { command = {\"/x\"} }\n", "m:1: backend \"b c\"" },
	{ "backend \"\" { command = {\"/x\"} }\n", "m:1: backend \"\"" },
	{ "backend \"b\" {\ncommand = {} }\n", "m:2: command = {} is empty" },
	{ "backend \"b\" {\ncommand = {\"\"} }\n", "m:2: command: the first "
	    "word is \"\"" },
	{ "backend \"b\" {\ncommand = {\"%n\"} }\n", "m:2: command: the first "
	    "word \"%n\" has a \"%\"" },
	{ "backend \"b\" {\ncommand = {\"bin/x\"} }\n", "m:2: command: "
	    "\"bin/x\" is relative" },
	{ "backend \"b\" {\ncommand = {\"/x\",\n\"a%x\"} }\n", "m:3: command: "
	    "\"%x\" is no macro" },
	{ "backend \"b\" {\ncommand = {\"/x\", \"100%\"} }\n", "m:2: command: "
	    "\"%\" is no macro" },
	{ "backend \"b\" {\ncommand = {\"/x\", \"%%n%\"} }\n", "m:2: command: "
	    "\"%\" is no macro" },
	{ "backend \"b\" { command = {\"/x\"}\ninput = \"mail\" }\n",
	    "m:2: input = \"mail\": message, body or text" },
	{ TEXT "text = {\"body\",\n\"head\"} }\n", "m:3: text = \"head\": "
	    "subject or body" },
	{ TEXT "text = {\"body\", \"body\"} }\n", "m:2: text: \"body\" is "
	    "there twice" },
	{ TEXT "text = {} }\n", "m:1: text = {} leaves nothing" },
	{ TEXT "cut-at = {\"-- \",\n\"[a\"} }\n", "m:3: cut-at \"[a\"" },
	{ TEXT "cut-at = {\"\"} }\n", "m:2: cut-at: an empty pattern" },
	{ TEXT "max-segments = 256 }\n", "m:2: max-segments = 256" },
	{ TEXT "max-segments = -1 }\n", "m:2: max-segments = " },
	{ TEXT "overflow = \"fold\" }\n", "m:2: overflow = \"fold\": refuse "
	    "or cut" },
	{ "backend \"b\" { command = {\"/x\"}\ntimeout = 0 }\n",
	    "m:2: timeout = 0" },
	{ "backend \"b\" { command = {\"/x\"}\nparallel = 1001 }\n",
	    "m:2: parallel = 1001" },
	{ "backend \"b\" { command = {\"/x\"}\nenvironment = {\"A\"} }\n",
	    "m:2: environment: \"NAME=value\" would" },
	{ "backend \"b\" { command = {\"/x\"}\nenvironment = {\"=A\"} }\n",
	    "m:2: environment: \"NAME=value\" would" },
	{ "backend \"b\" { command = {\"/x\"}\nenvironment = {\"1=A\"} }\n",
	    "m:2: environment: \"NAME=value\" would" },
	{ "backend \"b\" { command = {\"/x\"}\nenvironment = {\"A=1\",\n"
	    "\"A=2\"} }\n", "m:3: environment: A is set twice" },
	{ "backend \"b\" { command = {\"/x\"}\n"
	    "environment = {\"LMTPD_USER=1\"} }\n",
	    "m:2: environment: LMTPD_USER: lmtpd sets" },
	{ "backend \"b\" { command = {\"/x\"} }\nbackend \"B\" { command = "
	    "{\"/x\"} }\n", "m:2: backend \"B\" and \"b\" (m:1) differ in "
	    "case only" },
	/* channels */
	{ BACKEND "channel \"c\" {\nbackend = \"b\" }\n", "m:2: channel "
	    "\"c\" has no recipient" },
	{ BACKEND "channel \"c\" {\nrecipient = \"*\" }\n", "m:2: channel "
	    "\"c\" has no backend" },
	{ BACKEND "channel \"c\" { recipient = \"*\"\nbackend = \"B\" }\n",
	    "m:3: there is no backend \"B\"" },
	{ BACKEND "channel \"c\" { backend = \"b\"\nrecipient = \"\" }\n",
	    "m:3: recipient: an empty pattern" },
	{ BACKEND "channel \"c\" { backend = \"b\"\nrecipient = \"[z-a]\" }\n",
	    "m:3: recipient \"[z-a]\": " },
	{ BACKEND "channel \"c\" { backend = \"b\"\n"
	    "recipient = \"*@b\xc3\xbc" "cher.example\" }\n", "m:3: recipient "
	    "\"*@b\xc3\xbc" "cher.example\": mail servers know the domain by "
	    "its ASCII form: write \"@xn--bcher-kva.example\"" },
	{ BACKEND "channel \"c\" { backend = \"b\" recipient = \"*\"\n"
	    "country-code = \"+41\" }\n", "m:3: country-code = \"+41\": up to "
	    "3 digits without" },
	{ BACKEND "channel \"c\" { backend = \"b\" recipient = \"*\"\n"
	    "country-code = \"041\" }\n", "m:3: country-code" },
	{ BACKEND "channel \"c\" { backend = \"b\" recipient = \"*\"\n"
	    "trunk-prefix = \"00000\" }\n", "m:3: trunk-prefix" },
	{ HEAD "channel \"C\" { recipient = \"*\" backend = \"b\" }\n",
	    "m:4: channel \"C\" and \"c\" (m:2) differ in case only" },
	/* accounts */
	{ HEAD "account \".a\" { }\n", "m:4: account \".a\": a name is" },
	{ HEAD "account \"a/b\" { }\n", "m:4: account \"a/b\"" },
	{ HEAD "account \"b\xc3\xbc\" { }\n", "m:4: account \"b" },
	{ HEAD "account \"a\" { }\naccount \"A\" { }\n", "m:5: account \"A\" "
	    "and \"a\" (m:4) differ in case only" },
	{ HEAD "account \"a\" {\nforwarding-user = \"-u\" }\n",
	    "m:5: forwarding-user = \"-u\"" },
	{ HEAD "account \"a\" {\nforwarding-user = \"\" }\n",
	    "m:5: forwarding-user = \"\"" },
	{ HEAD "account \"a\" {\nforwarding-user = \"u\tv\" }\n",
	    "m:5: forwarding-user = \"u\tv\"" },
	{ HEAD "account \"a\" {\nadmin = {\"a@b.c\",\n\"root\"} }\n",
	    "m:6: admin \"root\": its domain is missing" },
	{ HEAD "account \"a\" {\nrate = \"60\" }\n", "m:5: rate = \"60\"" },
	{ HEAD "account \"a\" {\nrate = \"0/day\" }\n", "m:5: rate = \"0/" },
	{ HEAD "account \"a\" {\nrate = \"5/days\" }\n", "m:5: rate = \"5/" },
	{ HEAD "account \"a\" {\nrate = \"5/\" }\n", "m:5: rate = \"5/" },
	{ HEAD "account \"a\" {\nrate = \"05/day\" }\n", "m:5: rate = \"05" },
	{ HEAD "account \"a\" {\nenforce = 0 }\n", "m:5: enforce = \"0\"" },
	{ HEAD "account \"a\" {\nnotices-per-hour = -1 }\n", "m:5: notices" },
	{ HEAD "account \"a\" {\nusers \"../x\" { } }\n", "m:5: users" },
	{ HEAD "account \"a\" {\nrate = \"100001/day\" }\n",
	    "m:5: rate = \"100001" },
	{ HEAD "account \"a\" {\nchannel \"C\" { } }\n", "m:5: there is no "
	    "channel \"C\"" },
	{ HEAD GRANT "compare = \"nocase\" } }\n", "m:5: compare = " },
	{ HEAD GRANT "numbers = {\"+41*\",\n\"+41[\"} } }\n", "m:6: numbers "
	    "\"+41[\": " },
	{ HEAD GRANT "numbers = {\"a*\"} } }\n", "m:5: numbers \"a*\": no "
	    "number matches" },
	{ HEAD GRANT "numbers = {\"0041*\"} } }\n", "m:5: numbers \"0041*\"" },
	{ HEAD GRANT "numbers = {\"\"} } }\n", "m:5: numbers: an empty" },
	{ HEAD "account \"a\" {\nchannel \"n\" { numbers = {\"1\"} } }\n",
	    "m:5: numbers: recipients of channel \"n\" are no numbers" },
	/* security */
	{ HEAD "account \"a\" {\nsecurity = {} }\n", "m:5: security = {} is "
	    "empty" },
	{ HEAD "account \"a\" {\nsecurity = {\"spf\",\n\"SPF\"} }\n",
	    "m:6: security \"SPF\": none, local, spf," },
	{ HEAD "account \"a\" {\nsecurity = {\"\"} }\n", "m:5: security \"\"" },
	{ HEAD "account \"a\" {\nsecurity = {\"192.0.2.1/24\"} }\n",
	    "m:5: security \"192.0.2.1/24\": bits are set behind the prefix, "
	    "\"192.0.2.0/24\" would be right" },
	{ HEAD "account \"a\" {\nsecurity = {\"192.0.2.0/33\"} }\n",
	    "m:5: security \"192.0.2.0/33\"" },
	{ HEAD "account \"a\" {\nsecurity = {\"fe80::1%eth0\"} }\n",
	    "m:5: security \"fe80" },
	{ HEAD A "anyone {\nsecurity = {\"any\"} } }\n", "m:6: security "
	    "\"any\"" },
	/* sources */
	{ HEAD "account \"a\" {\ndomain \"b.c\" { } }\n", "m:5: \"b.c\" has "
	    "no forwarding user" },
	{ HEAD "account \"a\" {\nemail \"a@b.c\" { } }\n", "m:5: \"a@b.c\" "
	    "has no forwarding user" },
	{ HEAD "account \"a\" {\nip \"192.0.2.1\" { } }\n", "m:5: "
	    "\"192.0.2.1\" has no forwarding user" },
	{ HEAD A "domain \"@b.c\" { } }\n", "m:5: domain \"@b.c\": write it "
	    "without the \"@\"" },
	{ HEAD A "domain \"b.c.\" { } }\n", "m:5: domain \"b.c.\": write it "
	    "without the dot" },
	{ HEAD A "domain \"*.b.c\" { } }\n", "m:5: domain \"*.b.c\": it "
	    "covers exactly" },
	{ HEAD A "domain \"\" { } }\n", "m:5: domain \"\": it is empty" },
	{ HEAD A "domain \"\xff\" { } }\n", "m:5: domain \"\xff\": it has no "
	    "ASCII form" },
	{ HEAD A "email \"alice\" { } }\n", "m:5: email \"alice\": its domain "
	    "is missing" },
	{ HEAD A "email \"\" { } }\n", "m:5: email \"\": write an address" },
	{ HEAD A "email \"a b@c.d\" { } }\n", "m:5: email \"a b@c.d\"" },
	{ HEAD A "email \"a@b.c.\" { } }\n", "m:5: email \"a@b.c.\"" },
	{ HEAD A "email \"prvs=1234567890=a@b.c\" { } }\n", "m:5: email "
	    "\"prvs=1234567890=a@b.c\": write it without" },
	{ HEAD A "ip \"192.0.2.0/24\" { } }\n", "m:5: ip \"192.0.2.0/24\": "
	    "one address" },
	{ HEAD A "ip \"example.com\" { } }\n", "m:5: ip \"example.com\"" },
	{ HEAD A "email \"a@b.c\" {\nverify = true } }\n", "m:6: no such "
	    "option 'verify'" },
	{ HEAD A "ip \"192.0.2.1\" {\nsecurity = {\"none\"} } }\n", "m:6: no "
	    "such option 'security'" },
	{ HEAD A "domain \"b.c\" { }\ndomain \"B.C\" { } }\n", "m:6: b.c is a "
	    "source of account \"a\" already (m:5)" },
	{ HEAD A "email \"A@b.c\" { } }\naccount \"b\" { forwarding-user = "
	    "\"v\"\nemail \"a@B.c\" { } }\n", "m:7: a@b.c is a source of "
	    "account \"a\" already (m:5)" },
	{ HEAD A "email \"\\\"a\\\"@b.c\" { }\nemail \"a@b.c\" { } }\n",
	    "m:6: a@b.c is a source of" },
	{ HEAD A "ip \"::ffff:192.0.2.1\" { }\nip \"192.0.2.1\" { } }\n",
	    "m:6: 192.0.2.1 is a source of" },
	{ HEAD A "ip \"2001:db8::1\" { }\nip \"2001:DB8:0::1\" { } }\n",
	    "m:6: 2001:DB8:0::1 is a source of" },
	{ HEAD A "domain \"b\xc3\xbc" "cher.ch\" { }\n"
	    "domain \"xn--bcher-kva.ch\" { } }\n", "m:6: xn--bcher-kva.ch is "
	    "a source of" },
	{ HEAD A "anyone { }\nanyone { } }\n", "m:6: anyone is a source of" },
	{ HEAD A "anyone { } }\naccount \"b\" {\nanyone { } }\n", "m:7: "
	    "anyone is a source of account \"a\" already (m:5)" },
	/* include() without a file */
	{ "include()\n", "m:1: include() takes one file" },
	{ "\ninclude(\"a\", \"b\")\n", "m:2: include() takes one file" },
	{ "include(\"\")\n", "m:1: include() takes one file" },
};

static void
faults_are_told_with_their_line(void **state)
{
	struct said said;

	(void)state;
	for (size_t i = 0; i < NELEM(faults); i++) {
		struct policy *p = site_load(faults[i].text, &said);

		if (p != NULL || said.errors != 1 || strncmp(said.text,
		    faults[i].error, strlen(faults[i].error)) != 0)
			fail_msg("%s\nsaid: %swant: %s", faults[i].text,
			    said.text, faults[i].error);
	}
}

/* Each row is the value of a security-string in single quotes on line 5. */
static const struct fault strings[] = {
	{ ";", "alternative 1 is empty" },
	{ "a;", "alternative 2 is empty" },
	{ ";a", "alternative 1 is empty" },
	{ "a;;b", "alternative 2 is empty" },
	{ "*", "alternative 1 matches every header" },
	{ "abc;**", "alternative 2 matches every header" },
	{ "?", "alternative 1 matches every header" },
	{ "*?*", "alternative 1 matches every header" },
	{ "[!;]", "alternative 1 matches every header" },
	{ "[]", "alternative 1 matches every header" },
	{ "caf\xc3\xa9", "alternative 1 has a character that is not printable "
	    "ASCII" },
	{ "a\tb*", "alternative 1 has a character that is not printable" },
	{ ".abc", "alternative 1 begins or ends with a dot" },
	{ "abc.", "alternative 1 begins or ends with a dot" },
	{ "x;*.", "alternative 2 begins or ends with a dot" },
	{ ".", "alternative 1 begins or ends with a dot" },
	{ "a[bc", "alternative 1: " },
	{ "a[bc;d", "alternative 1: " },
	{ "x;a[z-b]", "alternative 2: " },
	{ "12345", "alternative 1 has nothing but digits" },
	{ "a b", "alternative 1 has a character that no address has" },
	{ "a(b", "alternative 1 has a character that no address has" },
	{ "a]b", "alternative 1 has a character that no address has" },
	{ "abc; def", "alternative 2 has a character that no address has" },
};

static void
security_strings_are_checked(void **state)
{
	struct said said;
	char text[1024], error[256];

	(void)state;
	for (size_t i = 0; i < NELEM(strings); i++) {
		struct policy *p;

		snprintf(text, sizeof(text), HEAD GRANT
		    "security-string = '%s' } }\n", strings[i].text);
		snprintf(error, sizeof(error), "m:5: security-string: %s",
		    strings[i].error);
		p = site_load(text, &said);
		if (p != NULL || strncmp(said.text, error,
		    strlen(error)) != 0)
			fail_msg("'%s'\nsaid: %swant: %s", strings[i].text,
			    said.text, error);
	}
}

static void
security_string_is_never_quoted_in_an_error(void **state)
{
	struct said said;

	(void)state;
	assert_null(site_load(HEAD GRANT
	    "security-string = 'Geheim77(;Geheim78;;[Geheim79' } }\n", &said));
	assert_int_equal(said.errors, 3);
	assert_null(strstr(said.text, "Geheim"));
}

static const char *const right_strings[] = {
	"hZavjjx5JT1Y2ff;22.22.22.[1-5];Customer*33.33.33.33",
	"a@b.c;X-Key: two words (and more)", "[;]x;a[!;]", "##.##",
	"203.0.113.9", "a", "[1,3,5,9]", "x y*", "[[]1.2.3.4]", "[!]",
	"foo\\bar*", "${HOME}*",
};

static void
right_security_strings_load(void **state)
{
	struct said said;
	char text[1024];

	(void)state;
	for (size_t i = 0; i < NELEM(right_strings); i++) {
		struct policy *p;

		snprintf(text, sizeof(text), HEAD GRANT
		    "security-string = '%s' } }\n", right_strings[i]);
		p = site_load(text, &said);
		if (p == NULL)
			fail_msg("'%s'\n%s", right_strings[i], said.text);
		assert_string_equal(p->account[0].grant[0].security_string,
		    right_strings[i]);
		policy_free(p);
	}
}

/* Which alternatives there are, and which of them are plain keywords. */
static const struct {
	const char	*text;
	size_t		 alternatives;
	const char	*keywords;	/* a blank behind each; "-": none */
} alternatives[] = {
	{ "", 0, "" },
	{ "hZavjjx5JT1Y2ff", 1, "hZavjjx5JT1Y2ff " },
	{ "one;two", 2, "one two " },
	{ "on.e;22.22.22;a+b", 3, "on.e 22.22.22 a+b " },
	{ "one;tw*o;thr?e;f#ur;[5]", 5, "one - - - - " },
	{ "a@b;X-Key: two;one", 3, "- - one " },
	{ "a..b;[;]x", 2, "- - " },
};

static void
alternatives_are_compiled(void **state)
{
	struct said said;
	char text[1024], keywords[128];

	(void)state;
	for (size_t i = 0; i < NELEM(alternatives); i++) {
		const struct grant *g;
		struct policy *p;

		snprintf(text, sizeof(text), HEAD GRANT
		    "security-string = '%s' } }\n", alternatives[i].text);
		p = site_load(text, &said);
		assert_non_null(p);
		g = &p->account[0].grant[0];
		assert_int_equal(g->alternatives, alternatives[i].alternatives);
		keywords[0] = '\0';
		for (size_t k = 0; k < g->alternatives; k++) {
			assert_non_null(g->alternative[k].like);
			strlcat(keywords, g->alternative[k].keyword == NULL ?
			    "-" : g->alternative[k].keyword, sizeof(keywords));
			strlcat(keywords, " ", sizeof(keywords));
		}
		assert_string_equal(keywords, alternatives[i].keywords);
		assert_int_equal(p->channel[0].keywords,
		    strspn(keywords, "- ") < strlen(keywords));
		policy_free(p);
	}
}

static void
all_value_errors_are_told_at_once(void **state)
{
	struct said said;

	(void)state;
	assert_null(site_load("max-hops = 0\nremember = \"x\"\n"
	    "backend \"b\" { command = {\"x/y\", \"%z\"} }\n"
	    "channel \"c\" { backend = \"d\" }\n"
	    "account \"a\" { security = {\"x\", \"y\"} domain \"*\" { } }\n",
	    &said));
	assert_int_equal(said.errors, 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_are_told_with_their_line),
		cmocka_unit_test(security_strings_are_checked),
		cmocka_unit_test(security_string_is_never_quoted_in_an_error),
		cmocka_unit_test(right_security_strings_load),
		cmocka_unit_test(alternatives_are_compiled),
		cmocka_unit_test(all_value_errors_are_told_at_once),
	};

	return cmocka_run_group_tests(tests, site_begin, site_end);
}
