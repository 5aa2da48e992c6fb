/*
 * The mailer: what it is given, what its end means, what becomes of one that
 * does not end; and the header of our mail.
 */
#include <sys/wait.h>

#include <errno.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <setjmp.h>
#include <cmocka.h>

#include "clock.h"
#include "encword.h"
#include "output.h"
#include "mailer.h"
#include "mailer_site.h"

static struct site *site;

/* Milliseconds that the clock is put on after its next reading. */
static int64_t clock_leap, clock_on;

int64_t
clock_ms(void)
{
	struct timespec ts;
	int64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + clock_on;
	clock_on += clock_leap;
	clock_leap = 0;
	return now;
}

static int
open_site(void **state)
{
	(void)state;
	site = site_open();
	return 0;
}

static int
close_site(void **state)
{
	(void)state;
	site_close(site);
	return 0;
}

static int
send_text(const char *text, int stop_fd)
{
	return mailer_send(&site->policy, text, strlen(text), stop_fd);
}

static void
assert_logged(const char *what)
{
	const char *log = site_read(site, "log");

	if (strstr(log, what) == NULL)
		fail_msg("\"%s\" is not in the log: %s", what, log);
}

static void
takes_the_message(void **state)
{
	size_t n = 300000;
	char *big = malloc(n + 1), path[128];
	struct stat st;

	(void)state;
	memset(big, 'x', n);
	big[n] = '\0';
	site_script(site, "cat >$D/mail\nexit 0");
	assert_int_equal(send_text(big, -1), 0);
	site_path(site, "mail", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, n);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_string_equal(site_read(site, "log"), "");
	free(big);
}

/* Not one that reads it: no SIGPIPE, no hang. */
static void
takes_it_unread(void **state)
{
	size_t n = 300000;
	char *big = calloc(1, n);

	(void)state;
	site_script(site, "exit 0");
	assert_int_equal(mailer_send(&site->policy, big, n, -1), 0);
	free(big);
}

/* The words behind the first as it gets them, a line each. */
static const char *
argv_of(const char *from, const char *one, const char *two)
{
	site_script(site, "printf '%s\\n' \"$@\" >$D/args");
	site->policy.notice_from = (char *)from;
	site->argv[1] = (char *)one;
	site->argv[2] = (char *)two;
	site->policy.mailer.n = 3;
	assert_int_equal(send_text("", -1), 0);
	return site_read(site, "args");
}

static void
fills_in_its_words(void **state)
{
	(void)state;
	assert_string_equal(argv_of("", "--from=%f", "100%%"),
	    "--from=<>\n100%\n");
	assert_string_equal(argv_of("n@example.net", "-f", "%f"),
	    "-f\nn@example.net\n");
	assert_string_equal(argv_of("n@example.net", "%f,%f", "a b;$(c)%"),
	    "n@example.net,n@example.net\na b;$(c)%\n");
}

static void
has_a_bare_world(void **state)
{
	int fd = dup(site->log);

	(void)state;
	setenv("SECRET", "leaked", 1);
	site_script(site, "env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= | sort\n"
	    "pwd; umask\n"
	    "grep -e ^NoNewPrivs -e ^SigIgn -e ^SigBlk /proc/self/status |\n"
	    "sed 's/0000000180000000/0000000000000000/'\n"	/* glibc's own */
	    "ulimit -c\n"
	    "test $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo session\n"
	    "ls /proc/$$/fd");
	assert_int_equal(send_text("", -1), 0);
	unsetenv("SECRET");
	close(fd);
	assert_string_equal(site_read(site, "log"),
	    "test: mailer: LC_ALL=C.UTF-8\n"
	    "test: mailer: PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
	    "/usr/bin:/sbin:/bin\n"
	    "test: mailer: /\n"
	    "test: mailer: 0077\n"
	    "test: mailer: SigBlk:\\0110000000000000000\n"
	    "test: mailer: SigIgn:\\0110000000000000000\n"
	    "test: mailer: NoNewPrivs:\\0111\n"
	    "test: mailer: 0\n"
	    "test: mailer: session\n"
	    "test: mailer: 0\n"
	    "test: mailer: 1\n"
	    "test: mailer: 10\n"	/* the shell's own, its script */
	    "test: mailer: 2\n");
}

static void
a_failure_is_told(void **state)
{
	(void)state;
	site_script(site, "echo 'no \033[31m route' >&2; exit 75");
	assert_int_equal(send_text("", -1), -1);
	assert_string_equal(site_read(site, "log"),
	    "test: mailer: no \\033[31m route\n"
	    "test: mailer: exit status 75: it did not take the mail\n");
}

static void
a_signal_leaves_a_doubt(void **state)
{
	(void)state;
	site_script(site, "kill -SEGV $$");
	assert_int_equal(send_text("", -1), 1);
	assert_logged("mailer: killed by signal 11\n");
}

static void
none_or_a_missing_one(void **state)
{
	(void)state;
	assert_int_equal(send_text("", -1), -1);
	assert_logged("mailer: cannot run ");
	assert_logged("No such file or directory\n");
	site->policy.mailer.n = 0;
	assert_int_equal(send_text("", -1), -1);
	assert_logged("no mailer is configured\n");
}

/* 0: the process that wrote its id there is gone, or will be at once. */
static int
is_gone(const char *name)
{
	const char *text = site_read(site, name);
	pid_t pid;
	int i;

	assert_non_null(text);
	pid = atoi(text);
	assert_true(pid > 1);
	for (i = 0; i < 200; i++) {
		char path[64], state[256] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		if ((f = fopen(path, "re")) == NULL)
			return 0;
		if (fgets(state, sizeof(state), f) == NULL)
			state[0] = '\0';
		fclose(f);
		if (state[0] == '\0' || strstr(state, ") Z ") != NULL)
			return 0;
		usleep(10000);
	}
	return -1;
}

/* One that ignores SIGTERM and has a child, past its time. */
static void
one_that_hangs_is_ended(void **state)
{
	struct timespec a, b;

	(void)state;
	site_script(site, "trap '' TERM\necho $$ >$D/pid\n"
	    "sleep 300 & echo $! >$D/child\nwait");
	clock_leap = MAILER_SECONDS * 1000 - 500;
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(send_text("", -1), 1);
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_in_range((b.tv_sec - a.tv_sec) * 1000 +
	    (b.tv_nsec - a.tv_nsec) / 1000000, 450, 5000);
	assert_logged("mailer: ended: it took too long\n");
	assert_int_equal(is_gone("pid"), 0);
	assert_int_equal(is_gone("child"), 0);
}

/* Its time is its own, however much it writes. */
static void
a_flood_is_cut_and_ended(void **state)
{
	const char *log;

	(void)state;
	site_script(site, "echo $$ >$D/pid\nexec yes word");
	clock_leap = MAILER_SECONDS * 1000 - 300;
	assert_int_equal(send_text("", -1), 1);
	log = site_read(site, "log");
	assert_int_equal(count(log, "mailer: word\n"), OUTPUT_LINES_MAX);
	assert_int_equal(count(log, "more output is dropped\n"), 1);
	assert_int_equal(count(log, "it took too long\n"), 1);
	assert_int_equal(count(log, "\n"), OUTPUT_LINES_MAX + 2);
	assert_int_equal(is_gone("pid"), 0);
}

/* A line without an end, and NUL. */
static void
a_long_line_is_cut(void **state)
{
	const char *log;

	(void)state;
	site_script(site, "printf 'a\\000b'; head -c 100000 /dev/zero | "
	    "tr '\\000' x");
	assert_int_equal(send_text("", -1), 0);
	log = site_read(site, "log");
	assert_int_equal(strncmp(log, "test: mailer: a bxx", 19), 0);
	assert_int_equal(count(log, "\n"), 1);
	assert_in_range(strlen(log), 500, 600);
}

static void
we_are_told_to_stop(void **state)
{
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	close(fd[1]);
	site_script(site, "sleep 300");
	assert_int_equal(send_text("", fd[0]), 1);
	assert_logged("mailer: ended: lmtpd is told to stop\n");
	close(fd[0]);
}

/* A child of it that lives on must not be waited for. */
static void
its_children_are_not_waited_for(void **state)
{
	struct timespec a, b;

	(void)state;
	site_script(site, "sleep 5 & echo $! >$D/child\nexit 0");
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(send_text("", -1), 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_in_range(b.tv_sec - a.tv_sec, 0, 2);
	kill(atoi(site_read(site, "child")), SIGKILL);
}

/* --- the header -------------------------------------------------------- */

static char *admins[] = { (char *)"it@example.com",
    (char *)"\"a, b\"@example.org", NULL };
static const struct strings one = { admins, 1 }, two = { admins, 2 };

static void
assert_matches(const char *text, const char *pattern)
{
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0) != 0)
		fail_msg("%s\nis not\n%s", text, pattern);
	regfree(&re);
}

static void
the_whole_header(void **state)
{
	char *head = mailer_head(&site->policy, &two, "New", "a/B.1");

	(void)state;
	assert_matches(head,
	    "^From: \"lmtpd\" <lmtpd@gw\\.example\\.net>\n"
	    "To: it@example\\.com,\n \"a, b\"@example\\.org\n"
	    "Subject: New\n"
	    "Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} 20[0-9]{2} "
	    "[0-9]{2}:[0-9]{2}:[0-9]{2} \\+0000\n"
	    "Message-ID: <lmtpd\\.a-2fB-2e1@gw\\.example\\.net>\n"
	    "Auto-Submitted: auto-generated\n"
	    "MIME-Version: 1\\.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: 8bit\n$");
	free(head);
	site->policy.notice_from = (char *)"n@example.net";
	head = mailer_head(&site->policy, &one, "New", "a");
	assert_matches(head, "^From: \"lmtpd\" <n@example\\.net>\nTo: "
	    "it@example\\.com\nSubject");
	free(head);
}

static void
ids_are_unique(void **state)
{
	char *a = mailer_head(&site->policy, &one, "s", NULL);
	char *b = mailer_head(&site->policy, &one, "s", NULL);
	const char *p = strstr(a, "Message-ID: "), *q = strstr(b, "Message-ID");

	(void)state;
	assert_matches(a, "\nMessage-ID: <lmtpd\\.[0-9a-f]{32}@gw\\.example\\."
	    "net>\n");
	assert_int_not_equal(strncmp(p, q, strcspn(p, "\n")), 0);
	free(a);
	free(b);
}

static void
an_address_of_two_lines_is_refused(void **state)
{
	static const char *const bad[] = { "a@b\nBcc: c@d", "a@b\rc",
	    "a@b\tc", "a\177@b" };
	char *list[] = { admins[0], NULL, NULL };
	struct strings to = { list, 2 };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		list[1] = (char *)bad[i];
		errno = 0;
		assert_null(mailer_head(&site->policy, &to, "s", NULL));
		assert_int_equal(errno, EINVAL);
	}
}

/* The Subject field, unfolded and decoded; no line of it is longer than 76. */
static void
decode_subject(const char *subject, char out[4096])
{
	char *head = mailer_head(&site->policy, &one, subject, NULL);
	char *begin = strstr(head, "\nSubject: ") + 1, *end, *p, *to = begin;
	size_t words, n;

	end = strstr(begin, "\nDate: ");
	assert_non_null(end);
	*end = '\0';
	for (p = begin; strlen(subject) > 60 && *p != '\0'; p++) {
		n = strcspn(p, "\n");
		assert_in_range(n, 1, 76);
		p += n - 1 + (p[n] != '\0');
	}
	for (p = begin; *p != '\0'; p++)
		if (*p != '\n')
			*to++ = *p;
	n = encword_decode(begin, (size_t)(to - begin), out, &words);
	out[n] = '\0';
	memmove(out, out + strlen("Subject: "), n - strlen("Subject: ") + 1);
	free(head);
}

static void
subjects_come_back(void **state)
{
	static const char *const rows[] = {
		"plain", "", "J\303\274rg", "a =?utf-8?Q?b?= c",
		"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98"
		"\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f"
		"\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
		"\303\244 and a long one that goes on for more than one word "
		"of it, and on, and on, and on until it is three of them",
		"x\303\244\303\244\303\244\303\244\303\244\303\244\303\244"
		"\303\244\303\244\303\244\303\244\303\244\303\244\303\244"
		"\303\244\303\244\303\244\303\244\303\244\303\244\303\244"
	};
	char out[4096];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		decode_subject(rows[i], out);
		assert_string_equal(out, rows[i]);
	}
}

/* Each word stands alone: none begins within a character. */
static void
words_hold_whole_characters(void **state)
{
	char subject[600] = "", out[64], *head, *p;
	struct encword word;
	size_t at = 0, n, words = 0;
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		strlcat(subject, "\342\202\254", sizeof(subject));
	head = mailer_head(&site->policy, &one, subject, NULL);
	p = strstr(head, "Subject: ");
	*strstr(p, "Date: ") = '\0';
	while (encword_next(p, strlen(p), at, &word)) {
		n = encword_decode(p + word.at, word.len, out, &words);
		assert_int_equal(words, 1);
		assert_int_equal(n % 3, 0);
		assert_in_range(n, 3, 39);
		at = word.at + word.len;
	}
	assert_true(at > 300);
	free(head);
}

static void
a_subject_is_one_line(void **state)
{
	char out[4096], *head;

	(void)state;
	decode_subject("a\r\nBcc: b@c\n\001", out);
	assert_string_equal(out, "a  Bcc: b@c  ");
	head = mailer_head(&site->policy, &one, "\303\244\nBcc: b@c", NULL);
	assert_null(strstr(head, "Bcc"));
	free(head);
}

int
main(void)
{
#define CASE(f)	cmocka_unit_test_setup_teardown(f, open_site, close_site)
	const struct CMUnitTest tests[] = {
		CASE(takes_the_message),
		CASE(takes_it_unread),
		CASE(fills_in_its_words),
		CASE(has_a_bare_world),
		CASE(a_failure_is_told),
		CASE(a_signal_leaves_a_doubt),
		CASE(none_or_a_missing_one),
		CASE(one_that_hangs_is_ended),
		CASE(a_flood_is_cut_and_ended),
		CASE(a_long_line_is_cut),
		CASE(we_are_told_to_stop),
		CASE(its_children_are_not_waited_for),
		CASE(the_whole_header),
		CASE(ids_are_unique),
		CASE(an_address_of_two_lines_is_refused),
		CASE(subjects_come_back),
		CASE(words_hold_whole_characters),
		CASE(a_subject_is_one_line)
	};

	/* as of the first start */
	signal(SIGUSR1, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
