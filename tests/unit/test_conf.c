/*
 * Tests of conf_load(): defaults, all keys, and files that are cut off.
 * Refused values are in test_conf_values.c, files in test_conf_files.c.
 */
#include "conf_dump.h"
#include "conf_site.h"

static char *
dump_of(struct policy *p, const struct said *said)
{
	char *dump;

	if (p == NULL)
		fail_msg("%s", said->text);
	dump = conf_dump(p);
	policy_free(p);
	return dump;
}

static void
defaults_are_those_of_the_manual(void **state)
{
	static const char want[] = "state-dir = " LMTPD_STATE_DIR "\n"
	    "trusted-peers =\nclient-address = 0\ntrusted-relays =\n"
	    "authserv-id = \nmailer =\nnotice-from = \n"
	    "max-message-size = 10485760\nmax-recipients = 1000\n"
	    "dns-timeout = 20\nidle-timeout = 300\nreply-timeout = 100\n"
	    "google-spf = _spf.google.com\n"
	    "outlook-spf = spf.protection.outlook.com\nrefusals = 0\n"
	    "remember = 604800\nprobe-senders = 'double-bounce@*'\n"
	    "max-hops = 50\n"
	    "backend b: input 0 timeout 60 parallel 4 setuid 0 command = "
	    "'/bin/true'\nbackend b: environment =\n"
    "backend b: segments 0 cut 0 text = 'subject' 'body'\n"
    "backend b: cut-at = '-- '\n"
	    "channel c: recipient '*@c.example' backend b number 1 country '' "
	    "trunk '0' auto 0\n"
	    "channel n: recipient '*@n.example' backend b number 0 country '' "
	    "trunk '0' auto 0\n"
	    "account a: admin =\naccount a: user 'u' verify 0 rate '' "
	    "enforce 1 notices 20 security 0x4\n"
	    "account a: channel c string '' text 0 numbers =\n"
	    "account a: source 2 'b.c' ip '' user 'u' verify 0 forwarded 0 "
	    "null 0 security 0x4\n"
	    "account a: source 0 'a@b.c' ip '' user 'u' verify 0 forwarded 0 "
	    "null 0 security 0x4\n"
	    "account a: source 3 '192.0.2.1' ip '192.0.2.1' user 'u' verify 0 "
	    "forwarded 0 null 0 security 0\n"
	    "account a: source 4 '' ip '' user 'u' verify 0 forwarded 0 "
	    "null 0 security 0x4\n";
	struct said said;
	char *dump = dump_of(site_load(HEAD "account \"a\" {\n"
	    "forwarding-user = \"u\"\nchannel \"c\" {}\ndomain \"b.c\" {}\n"
	    "email \"a@b.c\" {}\nip \"192.0.2.1\" {}\nanyone {}\n}\n", &said),
	    &said), host[256];
	const char *rest = strchr(dump, '\n') + 1;

	(void)state;
	assert_int_equal(gethostname(host, sizeof(host)), 0);
	assert_int_equal(strncmp(dump, "hostname = ", 11), 0);
	assert_int_equal(strncasecmp(dump + 11, host, strlen(host)), 0);
	assert_string_equal(rest, want);
	free(dump);
}

/* DESIGN's example and more: each key away from its default. */
static const char rich[] =
    "# the gateway\n"
    "hostname       = \"GW.example.net\" // a comment\n"
    "state-dir      = /srv/lmtpd\n"
    "trusted-peers  = {\"postfix\", \"192.0.2.7\", 104}\n"
    "client-address = \"received\"\n"
    "trusted-relays = {\"192.0.2.0/28\", \"2001:db8::/32\"}\n"
    "authserv-id    = 'mx.example.net'\n"
    "mailer         = {\"/usr/bin/msmtp\", \"--from=%f\", \"100%%\"}\n"
    "notice-from    = \"GW@Example.net\"\n"
    "max-message-size = 1048576\n"
    "max-recipients = 200\n"
    "dns-timeout    = 5\n"
    "idle-timeout   = 60\n"
    "reply-timeout  = 50\n"
    "google-spf     = \"_spf.google.example\"\n"
    "outlook-spf    = \"spf.outlook.example\"\n"
    "refusals       = \"proven\"\n"
    "remember       = \"36 hours\"\n"
    "probe-senders  = {\"double-bounce@*\", \"probe-##@[a-c].example\"}\n"
    "max-hops       = 30\n"
    "backend \"kannel\" {\n"
    "  command     = {\"kannel\", \"%N\", \"--from=%u %%\"}\n"
    "  input       = \"text\"\n"
    "  text        = {\"body\", \"subject\"}\n"
    "  cut-at      = {\"-- \", \"On * wrote:\"}\n"
    "  max-segments = 3\n"
    "  overflow    = \"cut\"\n"
    "  timeout     = 90\n"
    "  parallel    = 2\n"
    "  environment = {\"KANNEL_URL=http://127.0.0.1:13013/x?a={b}#c\"}\n"
    "  setuid      = true\n"
    "}\n"
    "backend \"hylafax\" { command = {\"/usr/bin/sendfax\"}"
    " input = \"body\" cut-at = {} }\n"
    "/* two channels,\n"
    "   one for names */\n"
    "channel \"sms\" { recipient = \"*@sms.example.net\"\n"
    "  backend = \"kannel\" country-code = \"41\" trunk-prefix = \"00\"\n"
    "  auto-replies = yes }\n"
    "channel \"fax\" { recipient = \"*@fax.example.net\"\n"
    "  backend = \"hylafax\"  number = off }\n"
    "include(\"more\")\n"
    "account \"acme\" {\n"
    "  admin           = {\"it@Example.com\"}\n"
    "  forwarding-user = \"acme.reception\"\n"
    "  security        = {\"dkim\", \"local\"}\n"
    "  verify          = true\n"
    "  rate            = \"60/hour\"\n"
    "  enforce         = false\n"
    "  notices-per-hour = 0\n"
    "  channel \"sms\" {\n"
    "    security-string = 'hZavjjx5JT1Y2ff;22.22.22.[1-5];Cust*33.33'\n"
    "    compare         = \"text\"\n"
    "    numbers         = {\"+41*\", \"1##\"}\n"
    "  }\n"
    "  channel \"fax\" { }\n"
    "  domain \"example.com\" { security = {\"spf\"} }\n"
    "  domain \"sales.example.com\" { verify = no\n"
    "    security = {\"google\", \"192.0.2.0/24\", \"::1\"}\n"
    "    forwarding-user = \"acme.sales\" forwarded = true }\n"
    "  email \"Boss@example.org\" { security = {\"outlook\", \"dmarc\"} }\n"
    "  email \"b\xc3\xb6ss@b\xc3\xbc" "cher.example\" { forwarded = on }\n"
    "  ip \"203.0.113.9\" { }\n"
    "}\n"
    "account \"rest\" {\n"
    "  anyone { security = {\"none\"} null-sender = true }\n"
    "}\n";

static const char more[] =
    "account \"more\" { # included\n"
    "  email \"more@example.com\" { security = {\"none\", \"192.0.2.9\"}\n"
    "    forwarding-user = \"more\" }\n"
    "  channel \"sms\" { numbers = {\"+4179*\"} }\n"
    "}\n"
    "channel \"last\" { recipient = \"last@*\" backend = \"hylafax\" }\n";

static const char rich_dump[] =
    "hostname = gw.example.net\n"
    "state-dir = /srv/lmtpd\n"
    "trusted-peers = 'postfix' '192.0.2.7' '104'\n"
    "client-address = 2\n"
    "trusted-relays = 192.0.2.0/28 2001:db8::/32\n"
    "authserv-id = mx.example.net\n"
    "mailer = '/usr/bin/msmtp' '--from=%f' '100%%'\n"
    "notice-from = gw@example.net\n"
    "max-message-size = 1048576\n"
    "max-recipients = 200\n"
    "dns-timeout = 5\n"
    "idle-timeout = 60\n"
    "reply-timeout = 50\n"
    "google-spf = _spf.google.example\n"
    "outlook-spf = spf.outlook.example\n"
    "refusals = 1\n"
    "remember = 129600\n"
    "probe-senders = 'double-bounce@*' 'probe-##@[a-c].example'\n"
    "max-hops = 30\n"
    "backend kannel: input 2 timeout 90 parallel 2 setuid 1 command = "
    "'" LMTPD_DATADIR "/kannel' '%N' '--from=%u %%'\n"
    "backend kannel: environment = "
    "'KANNEL_URL=http://127.0.0.1:13013/x?a={b}#c'\n"
    "backend kannel: segments 3 cut 1 text = 'body' 'subject'\n"
    "backend kannel: cut-at = '-- ' 'On * wrote:'\n"
    "backend hylafax: input 1 timeout 60 parallel 4 setuid 0 command = "
    "'/usr/bin/sendfax'\n"
    "backend hylafax: environment =\n"
    "backend hylafax: segments 0 cut 0 text = 'subject' 'body'\n"
    "backend hylafax: cut-at =\n"
    "channel sms: recipient '*@sms.example.net' backend kannel number 1 "
    "country '41' trunk '00' auto 1\n"
    "channel fax: recipient '*@fax.example.net' backend hylafax number 0 "
    "country '' trunk '0' auto 0\n"
    "channel last: recipient 'last@*' backend hylafax number 1 country '' "
    "trunk '0' auto 0\n"
    "account more: admin =\n"
    "account more: user '' verify 0 rate '' enforce 1 notices 20 "
    "security 0x4\n"
    "account more: channel sms string '' text 0 numbers = '+4179*'\n"
    "account more: source 0 'more@example.com' ip '' user 'more' verify 0 "
    "forwarded 0 null 0 security 0x1 192.0.2.9/32\n"
    "account acme: admin = 'it@example.com'\n"
    "account acme: user 'acme.reception' verify 1 rate '60/hour' enforce 0 "
    "notices 0 security 0x22\n"
    "account acme: channel sms string "
    "'hZavjjx5JT1Y2ff;22.22.22.[1-5];Cust*33.33' text 1 numbers = '+41*' "
    "'1##'\n"
    "account acme: channel fax string '' text 0 numbers =\n"
    "account acme: source 2 'example.com' ip '' user 'acme.reception' "
    "verify 1 forwarded 0 null 0 security 0x4\n"
    "account acme: source 2 'sales.example.com' ip '' user 'acme.sales' "
    "verify 0 forwarded 1 null 0 security 0x8 192.0.2.0/24 ::1/128\n"
    "account acme: source 0 'boss@example.org' ip '' user 'acme.reception' "
    "verify 0 forwarded 0 null 0 security 0x50\n"
    "account acme: source 0 'b\xc3\xb6ss@xn--bcher-kva.example' ip '' user "
    "'acme.reception' verify 0 forwarded 1 null 0 security 0x22\n"
    "account acme: source 3 '203.0.113.9' ip '203.0.113.9' user "
    "'acme.reception' verify 0 forwarded 0 null 0 security 0\n"
    "account rest: admin =\n"
    "account rest: user '' verify 0 rate '' enforce 1 notices 20 "
    "security 0x4\n"
    "account rest: source 4 '' ip '' user '' verify 0 forwarded 0 null 1 "
    "security 0x1\n";

static void
all_keys_are_read(void **state)
{
	struct said said;
	char *dump;

	(void)state;
	site_write("more", more);
	dump = dump_of(site_load(rich, &said), &said);
	assert_string_equal(dump, rich_dump);
	assert_string_equal(said.text, "");
	free(dump);
}

static void
objects_know_their_place(void **state)
{
	struct said said;
	struct policy *p;

	(void)state;
	site_write("more", more);
	p = site_load(rich, &said);
	assert_non_null(p);
	assert_int_equal(p->files.n, 2);
	assert_int_equal(p->backend[0].where.line, 21);
	assert_int_equal(p->backend[1].where.line, 33);
	assert_int_equal(p->channel[1].where.line, 39);
	assert_ptr_equal(p->channel[1].where.file, p->files.v[0]);
	assert_int_equal(p->channel[2].where.line, 6);
	assert_ptr_equal(p->channel[2].where.file, p->files.v[1]);
	assert_int_equal(p->account[0].source[0].where.line, 2);
	assert_ptr_equal(p->account[0].source[0].where.file, p->files.v[1]);
	assert_int_equal(p->account[1].where.line, 42);
	assert_int_equal(p->account[1].grant[1].where.line, 55);
	assert_int_equal(p->account[1].source[1].where.line, 57);
	assert_ptr_equal(p->account[1].source[1].account, &p->account[1]);
	assert_ptr_equal(p->account[1].grant[1].channel, &p->channel[1]);
	assert_ptr_equal(p->channel[2].backend, &p->backend[1]);
	policy_free(p);
}

static bool
has_line(const char *dump, const char *line, size_t len)
{
	const char *at = dump;

	while ((at = memmem(at, strlen(at), line, len)) != NULL) {
		if ((at == dump || at[-1] == '\n') && at[len] == '\n')
			return true;
		at++;
	}
	return false;
}

/* Whether the section that a line of a dump belongs to is in another dump. */
static bool
has_section(const char *dump, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	char begin[64];

	if (colon == NULL || (strncmp(line, "account ", 8) != 0 &&
	    strncmp(line, "channel ", 8) != 0 &&
	    strncmp(line, "backend ", 8) != 0))
		return false;
	snprintf(begin, sizeof(begin), "\n%.*s:", (int)(colon - line), line);
	return strstr(dump, begin) != NULL;
}

/*
 * What may be lost of a file that is cut off are whole statements outside
 * sections: what is there says what the whole file says, or is a default.
 */
static void
check_cut(const char *whole, const char *plain, const char *cut, size_t at)
{
	const char *line;
	size_t len;

	for (line = cut; *line != '\0'; line += len + 1) {
		len = strcspn(line, "\n");
		if (!has_line(whole, line, len) && !has_line(plain, line, len))
			fail_msg("cut at %zu: %.*s", at, (int)len, line);
	}
	for (line = whole; *line != '\0'; line += len + 1) {
		len = strcspn(line, "\n");
		if (has_section(cut, line, len) && !has_line(cut, line, len))
			fail_msg("cut at %zu: without %.*s", at, (int)len,
			    line);
	}
}

/* How many of a file's beginnings load. */
static size_t
cut_everywhere(const char *name, const char *text, const char *plain)
{
	size_t n, loads = 0;
	struct policy *p;
	struct said said;
	char *dump;

	for (n = 0; n < strlen(text); n++) {
		site_write_n(name, text, n, 0640);
		if ((p = site_load_file("m", &said)) == NULL) {
			assert_int_not_equal(said.errors, 0);
			continue;
		}
		loads++;
		dump = dump_of(p, &said);
		check_cut(rich_dump, plain, dump, n);
		free(dump);
	}
	site_write(name, text);
	return loads;
}

static void
cut_off_files_never_say_something_else(void **state)
{
	struct said said;
	char *plain = dump_of(site_load("", &said), &said);
	size_t loads;

	(void)state;
	site_write("more", more);
	loads = cut_everywhere("m", rich, plain);
	assert_in_range(loads, 20, 200);
	loads = cut_everywhere("more", more, plain);
	assert_in_range(loads, 2, 20);
	free(plain);
}

static void
environment_wins(void **state)
{
	struct said said;
	struct policy *p;

	(void)state;
	setenv("LMTPD_STATE_DIR", "/run/state", 1);
	setenv("LMTPD_DATADIR", "/opt/data", 1);
	setenv("LMTPD_TEST_HOST", "env.example", 1);
	p = site_load("state-dir = \"/x\"\nhostname = \"${LMTPD_TEST_HOST}\"\n"
	    "backend \"b\" { command = {\"outbox\"} }\n", &said);
	assert_non_null(p);
	assert_string_equal(p->state_dir, "/run/state");
	assert_string_equal(p->backend[0].command.v[0], "/opt/data/outbox");
	assert_string_equal(p->hostname, "env.example");
	policy_free(p);
	setenv("LMTPD_STATE_DIR", "state", 1);
	assert_null(site_load("\nstate-dir = \"/x\"\n", &said));
	assert_string_equal(said.text, "m:2: LMTPD_STATE_DIR \"state\" is "
	    "relative: write an absolute path\n");
	unsetenv("LMTPD_STATE_DIR");
	unsetenv("LMTPD_DATADIR");
}

static void
words_are_read(void **state)
{
	static const struct {
		const char	*text;
		unsigned long	 seconds;
	} times[] = {
		{ "0", 0 }, { "1 second", 1 }, { "5 minutes", 300 },
		{ "2 hours", 7200 }, { "1 day", 86400 },
		{ "3660 days", 3660UL * 86400 }
	};
	struct said said;
	char text[128];

	(void)state;
	for (size_t i = 0; i < NELEM(times); i++) {
		struct policy *p;

		snprintf(text, sizeof(text), "remember = \"%s\"\n",
		    times[i].text);
		if ((p = site_load(text, &said)) == NULL)
			fail_msg("%s", said.text);
		assert_int_equal(p->remember, times[i].seconds);
		policy_free(p);
	}
}

/*
 * The shipped file loads, and names each default as it is, but for hostname
 * and state-dir, which are the machine's and the build's.
 */
static void
shipped_file_tells_the_defaults(void **state)
{
	const char *srcdir = getenv("srcdir");
	char path[4096], text[65536], *line, *plain, *full;
	struct said said;
	size_t n, keys = 0;
	FILE *fp;

	(void)state;
	snprintf(path, sizeof(path), "%s/conf/lmtpd.conf",
	    srcdir == NULL ? "." : srcdir);
	if ((fp = fopen(path, "r")) == NULL)
		fail_msg("no %s: set srcdir", path);
	n = fread(text, 1, sizeof(text) - 1, fp);
	text[n] = '\0';
	fclose(fp);
	plain = dump_of(site_load(text, &said), &said);
	for (line = text; (line = strstr(line, "# ")) != NULL; line++) {
		n = strspn(line + 2, "abcdefghijklmnopqrstuvwxyz-");
		if (n == 0 || strncmp(line + 2 + n, " = ", 3) != 0 ||
		    strncmp(line + 2, "hostname ", 9) == 0 ||
		    strncmp(line + 2, "state-dir ", 10) == 0)
			continue;
		line[0] = ' ';
		keys++;
	}
	full = dump_of(site_load(text, &said), &said);
	assert_string_equal(full, plain);
	assert_int_equal(keys, 38);
	free(full);
	free(plain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_manual),
		cmocka_unit_test(all_keys_are_read),
		cmocka_unit_test(objects_know_their_place),
		cmocka_unit_test(cut_off_files_never_say_something_else),
		cmocka_unit_test(environment_wins),
		cmocka_unit_test(words_are_read),
		cmocka_unit_test(shipped_file_tells_the_defaults),
	};

	return cmocka_run_group_tests(tests, site_begin, site_end);
}
