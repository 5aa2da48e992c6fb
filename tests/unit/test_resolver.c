/*
 * lmtpd's side of lmtpd-resolver, against stand-ins that crash, hang, lie and
 * babble.  Whatever they do, the answer is temperror, and after each case no
 * process and no descriptor is left.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "fake_resolver.h"
#include "log.h"

#define LATE_MS	1500	/* what a loaded machine may add */

static char	 top[] = "/tmp/test_resolver.XXXXXX";
static char	 log_text[65536];
static int	 log_fd;
static int	 held;

static int
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* A stand-in's program: this one, under another name. */
static void
link_to_self(const char *path)
{
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	unlink(path);
	assert_int_equal(symlink(self, path), 0);
}

/* The directory of the stand-in; its notes of earlier cases are gone. */
static const char *
place(const char *as)
{
	static char dir[256];
	char path[512];

	snprintf(dir, sizeof(dir), "%s/%s", top, as);
	assert_true(mkdir(dir, 0700) == 0 || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/pid", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/crashed", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/said", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/lmtpd-resolver", dir);
	link_to_self(path);
	return dir;
}

static struct resolver *
resolver(const char *as, unsigned int timeout)
{
	struct resolver *r = resolver_new(place(as), timeout, true);

	assert_non_null(r);
	return r;
}

static long
noted(const char *as, const char *name)
{
	char path[512];
	long number = -1;
	FILE *fp;

	snprintf(path, sizeof(path), "%s/%s/%s", top, as, name);
	if ((fp = fopen(path, "r")) == NULL)
		return -1;
	assert_int_equal(fscanf(fp, "%ld", &number), 1);
	fclose(fp);
	return number;
}

#define PATIENCE_MS	20000	/* for a machine that is busy */

/* Its answer to a question is on its way. */
static void
wait_said(const char *as)
{
	char path[512];
	int i;

	snprintf(path, sizeof(path), "%s/%s/said", top, as);
	for (i = 0; access(path, F_OK) == -1; i++) {
		assert_in_range(i, 0, PATIENCE_MS);
		usleep(1000);
	}
}

/* The one child has ended; it is not reaped here. */
static void
wait_dead(void)
{
	siginfo_t info;

	assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
}

static struct spf_question
question(const char *helo)
{
	struct spf_question q;

	memset(&q, 0, sizeof(q));
	q.op = SPF_CHECK;
	q.client.family = AF_INET;
	memcpy(q.client.byte, "\300\0\2\1", 4);
	snprintf(q.helo, sizeof(q.helo), "%s", helo);
	snprintf(q.sender, sizeof(q.sender), "a@example.com");
	return q;
}

static struct spf_answer
ask(struct resolver *r, const char *helo)
{
	struct spf_question q = question(helo);
	struct spf_answer a;

	memset(&a, 0xff, sizeof(a));
	resolver_ask(r, &q, &a);
	return a;
}

static void
assert_temperror(struct spf_answer a)
{
	assert_int_equal(a.result, SPF_TEMPERROR);
	assert_int_equal(a.lookups, 0);
	assert_int_equal(a.voids, 0);
	assert_int_equal(a.records, 0);
	assert_int_equal(a.ttl, 0);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* All that was logged in this case. */
static const char *
logged(void)
{
	ssize_t n = pread(log_fd, log_text, sizeof(log_text) - 1, 0);

	assert_true(n >= 0);
	log_text[n] = '\0';
	return log_text;
}

static void
assert_logged_once(const char *text)
{
	const char *found = strstr(logged(), text);

	if (found == NULL || strstr(found + 1, text) != NULL)
		fail_msg("not once \"%s\" in: %s", text, log_text);
}

static bool
gone(long pid)
{
	assert_true(pid > 0);
	return kill((pid_t)pid, 0) == -1 && errno == ESRCH;
}

static int
set_up(void **state)
{
	(void)state;
	assert_int_equal(ftruncate(log_fd, 0), 0);
	assert_true(lseek(log_fd, 0, SEEK_SET) == 0);
	log_info("begun");	/* connects to syslog, where there is one */
	assert_int_equal(ftruncate(log_fd, 0), 0);
	assert_true(lseek(log_fd, 0, SEEK_SET) == 0);
	held = open_descriptors();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(open_descriptors(), held);
	return 0;
}

/* --- an honest one ------------------------------------------------------- */

static void
nothing_is_started_before_the_first_question(void **state)
{
	struct resolver *r = resolver("good", 1);

	(void)state;
	usleep(50000);
	assert_int_equal(noted("good", "pid"), -1);
	resolver_end(r);
	assert_int_equal(noted("good", "pid"), -1);
	resolver_free(r);
	resolver_free(NULL);
}

static void
one_process_answers_all_questions(void **state)
{
	struct resolver *r = resolver("good", 10);
	long pid;

	(void)state;
	assert_int_equal(ask(r, "one").voids, 1);
	pid = noted("good", "pid");
	assert_int_equal(ask(r, "two").voids, 2);
	assert_int_equal(ask(r, "three").result, SPF_PASS);
	assert_int_equal(noted("good", "pid"), pid);
	resolver_free(r);
	assert_true(gone(pid));
	assert_string_equal(logged(), "");
}

static void
the_same_question_is_answered_from_memory(void **state)
{
	struct resolver *r = resolver("good", 10);

	(void)state;
	assert_int_equal(ask(r, "one").voids, 1);
	assert_int_equal(ask(r, "two").voids, 2);
	assert_int_equal(ask(r, "one").voids, 1);
	assert_int_equal(ask(r, "two").voids, 2);
	assert_int_equal(ask(r, "three").voids, 3);
	resolver_free(r);
}

/* Each member makes another question, but for the timeout. */
static void
only_the_same_question_is_the_same(void **state)
{
	struct resolver *r = resolver("good", 10);
	struct spf_question q = question("one"), other[8];
	struct spf_answer a;
	uint32_t i;

	(void)state;
	resolver_ask(r, &q, &a);
	assert_int_equal(a.voids, 1);
	q.timeout = 77;
	resolver_ask(r, &q, &a);
	assert_int_equal(a.voids, 1);
	for (i = 0; i < 8; i++)
		other[i] = q;
	strcpy(other[0].helo, "One");
	strcpy(other[1].sender, "b@example.com");
	strcpy(other[2].sender, "");
	strcpy(other[3].domain, "example.com");
	other[4].client.byte[3]++;
	other[5].client.family = AF_INET6;
	other[6].op = SPF_RECORD;
	strcpy(other[6].domain, "example.com");
	strcpy(other[7].token, "0123");
	for (i = 0; i < 8; i++) {
		resolver_ask(r, &other[i], &a);
		assert_int_equal(a.voids, i + 2);
	}
	resolver_free(r);
}

static void
a_token_is_asked_for_without_a_client(void **state)
{
	struct resolver *r = resolver("good", 10);
	struct spf_question q;
	struct spf_answer a;

	(void)state;
	memset(&q, 0, sizeof(q));
	q.op = SPF_TOKEN;
	strcpy(q.domain, "example.com");
	strcpy(q.token, "0123456789abcdef0123456789abcdef");
	resolver_ask(r, &q, &a);
	assert_int_equal(a.result, SPF_PASS);
	assert_int_equal(a.records, 2);
	assert_int_equal(a.ttl, 300);
	resolver_free(r);
}

static void
the_next_transaction_has_another_process(void **state)
{
	struct resolver *r = resolver("good", 10);
	long first, second;

	(void)state;
	assert_int_equal(ask(r, "one").voids, 1);
	first = noted("good", "pid");
	resolver_end(r);
	assert_true(gone(first));
	assert_int_equal(ask(r, "two").voids, 1);
	assert_int_equal(ask(r, "one").voids, 2);	/* not remembered */
	second = noted("good", "pid");
	assert_int_not_equal(first, second);
	resolver_free(r);
	assert_true(gone(second));
}

static void
its_end_is_an_end_twice(void **state)
{
	struct resolver *r = resolver("good", 10);

	(void)state;
	assert_int_equal(ask(r, "one").result, SPF_PASS);
	resolver_end(r);
	resolver_end(r);
	resolver_free(r);
}

/* Two rounds of 0.6 s leave 0.8 of 2 s: the resolver is told of 1. */
static void
the_time_is_for_all_questions_together(void **state)
{
	struct resolver *r = resolver("slow", 2);

	(void)state;
	assert_int_equal(ask(r, "one").lookups, 2);
	assert_int_equal(ask(r, "two").lookups, 2);
	assert_int_equal(ask(r, "one").lookups, 2);	/* costs nothing */
	assert_int_equal(ask(r, "three").lookups, 1);
	ask(r, "four");		/* in the grace, or already too late */
	assert_temperror(ask(r, "five"));
	assert_non_null(strstr(logged(),
	    "the 2 s for this message are used up: temperror"));
	resolver_end(r);
	assert_int_equal(ask(r, "five").lookups, 2);
	resolver_free(r);
}

/* --- what it is given ---------------------------------------------------- */

static void
it_gets_the_channel_and_nothing_else(void **state)
{
	struct resolver *r = resolver("excess", 1);
	sigset_t all, before;
	int extra = dup(log_fd);	/* not close-on-exec */

	(void)state;
	assert_true(extra > 2);
	setenv("SECRET", "hush", 1);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	assert_int_equal(ask(r, "one").result, SPF_PASS);
	sigprocmask(SIG_SETMASK, &before, NULL);
	unsetenv("SECRET");
	close(extra);
	resolver_free(r);
}

/* What lies behind the strings' ends is the monitor's memory: secrets. */
static void
it_gets_no_byte_beyond_the_question(void **state)
{
	struct resolver *r = resolver("dirt", 10);
	struct spf_question q;
	struct spf_answer a;

	(void)state;
	memset(&q, 'S', sizeof(q));
	q.op = SPF_CHECK;
	q.client.family = AF_INET;
	q.helo[0] = q.sender[0] = q.domain[0] = q.token[0] = '\0';
	resolver_ask(r, &q, &a);
	assert_int_equal(a.result, SPF_PASS);
	strcpy(q.helo, "mail.example.com");
	strcpy(q.sender, "a@example.com");
	resolver_ask(r, &q, &a);
	assert_int_equal(a.result, SPF_PASS);
	resolver_free(r);
}

static void
no_sandbox_is_told_only_where_it_is_asked_for(void **state)
{
	struct resolver *r = resolver("no-flag", 10);

	(void)state;
	assert_int_equal(ask(r, "one").result, SPF_PASS);
	resolver_free(r);
	r = resolver_new(place("flag"), 10, false);
	assert_non_null(r);
	assert_int_equal(ask(r, "one").result, SPF_PASS);
	resolver_free(r);
}

/* Where 0 is closed the channel's far end is descriptor 3 from the start. */
static void
its_channel_may_have_the_right_number_already(void **state)
{
	struct resolver *r;
	int status;
	pid_t pid;

	(void)state;
	if ((pid = fork()) == 0) {
		close(0);
		for (int fd = 3; fd < 256; fd++)
			if (fd != log_fd || log_fd == 3)
				close(fd);
		r = resolver("good", 10);
		status = ask(r, "one").result;
		resolver_free(r);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), SPF_PASS);
}

static void
it_dies_with_us(void **state)
{
	int fd[2], status;
	pid_t pid;
	long grandchild;
	struct resolver *r;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	assert_int_equal(pipe(fd), 0);
	if ((pid = fork()) == 0) {
		r = resolver("hang", 30);
		close(fd[0]);
		alarm(1);	/* ends us in the middle of asking */
		ask(r, "one");
		_exit(1);
	}
	close(fd[0]);
	close(fd[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	grandchild = noted("hang", "pid");
	/* the deadline of 30 s is far: it is dead, or this blocks */
	alarm(10);
	assert_int_equal(waitpid((pid_t)grandchild, &status, 0), grandchild);
	alarm(0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
}

/* --- what goes wrong ----------------------------------------------------- */

static void
no_program_is_a_temperror(void **state)
{
	struct resolver *r = resolver_new("/nonexistent", 1, true);

	(void)state;
	assert_non_null(r);
	assert_temperror(ask(r, "one"));
	assert_logged_once("cannot run /nonexistent/lmtpd-resolver: "
	    "No such file or directory");
	resolver_free(r);
}

static void
a_question_that_is_none_is_not_put(void **state)
{
	struct resolver *r = resolver("good", 1);
	struct spf_question q = question("one");
	struct spf_answer a;

	(void)state;
	memset(q.sender, 'x', sizeof(q.sender));
	memset(&a, 0xff, sizeof(a));
	resolver_ask(r, &q, &a);
	assert_temperror(a);
	q = question("one");
	q.client.family = AF_UNSPEC;
	memset(&a, 0xff, sizeof(a));
	resolver_ask(r, &q, &a);
	assert_temperror(a);
	assert_int_equal(noted("good", "pid"), -1);
	resolver_free(r);
}

struct misdeed {
	const char	*as;
	const char	*log;
};

/* At once, told once, remembered, and the process is gone. */
static void
misdeed_is_a_temperror(void **state)
{
	const struct misdeed *m = *state;
	struct resolver *r;
	int64_t begun = now_ms();

	set_up(NULL);
	r = resolver(m->as, 10);
	assert_temperror(ask(r, "one"));
	assert_true(gone(noted(m->as, "pid")));
	assert_logged_once(m->log);
	assert_temperror(ask(r, "one"));
	assert_logged_once(m->log);
	assert_true(now_ms() - begun < 3000);
	resolver_free(r);
	tear_down(NULL);
}

static void
nobody_waits_longer_than_the_deadline_and_two_seconds(void **state)
{
	struct resolver *r = resolver("hang", 1);
	int64_t begun = now_ms(), took;

	(void)state;
	assert_temperror(ask(r, "one"));
	took = now_ms() - begun;
	assert_true(took >= 2900);
	assert_true(took < 3000 + LATE_MS);
	assert_true(gone(noted("hang", "pid")));
	assert_logged_once("lmtpd-resolver did not answer in 3 s");
	begun = now_ms();
	assert_temperror(ask(r, "one"));	/* from memory */
	assert_temperror(ask(r, "two"));	/* the time is used up */
	assert_true(now_ms() - begun < LATE_MS);
	resolver_free(r);
}

static void
after_a_crash_the_next_question_has_a_new_process(void **state)
{
	struct resolver *r = resolver("once", 10);
	long first;

	(void)state;
	assert_temperror(ask(r, "one"));
	first = noted("once", "pid");
	assert_true(gone(first));
	assert_logged_once("ended by signal 6");
	assert_int_equal(ask(r, "two").result, SPF_PASS);
	assert_int_not_equal(noted("once", "pid"), first);
	assert_temperror(ask(r, "one"));
	resolver_free(r);
}

/* The second answer is none to a question that comes later. */
static void
an_answer_too_many_is_never_believed(void **state)
{
	struct resolver *r = resolver("twice", 10);

	(void)state;
	ask(r, "one");
	wait_dead();
	assert_temperror(ask(r, "two"));
	assert_logged_once("answered nonsense");
	assert_true(gone(noted("twice", "pid")));
	resolver_free(r);
}

/*
 * One that speaks before it is asked may be heard before or after the question
 * leaves; the first answer may be taken for its own, no later one.
 */
static void
an_answer_unasked_for_is_not_the_next_ones(void **state)
{
	struct resolver *r = resolver("unasked", 10);

	(void)state;
	if (ask(r, "one").result == SPF_PASS) {
		/* taken for the answer; the true one is on its way */
		wait_said("unasked");
		assert_temperror(ask(r, "two"));
	}
	assert_logged_once("answered nonsense");
	resolver_free(r);
}

static void
one_that_ended_between_questions_is_a_temperror(void **state)
{
	struct resolver *r = resolver("tired", 10);

	(void)state;
	assert_int_equal(ask(r, "one").result, SPF_PASS);
	wait_dead();
	assert_temperror(ask(r, "two"));
	assert_logged_once("exited with status 0");
	assert_int_equal(ask(r, "one").result, SPF_PASS);	/* remembered */
	resolver_free(r);
}

static void
one_reaped_by_another_is_a_temperror(void **state)
{
	struct resolver *r = resolver("good", 10);
	pid_t pid;

	(void)state;
	assert_int_equal(ask(r, "one").result, SPF_PASS);
	pid = (pid_t)noted("good", "pid");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_temperror(ask(r, "two"));
	assert_logged_once("was reaped by another");
	assert_int_equal(ask(r, "three").result, SPF_PASS);
	pid = (pid_t)noted("good", "pid");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	resolver_end(r);
	resolver_free(r);
}

/* A token that is there stands in a record. */
static void
a_token_in_no_record_is_nonsense(void **state)
{
	struct resolver *r = resolver("no-flag", 10);
	struct spf_question q = question("one");
	struct spf_answer a;

	(void)state;
	q.op = SPF_TOKEN;
	strcpy(q.domain, "example.com");
	strcpy(q.token, "0123");
	resolver_ask(r, &q, &a);
	assert_temperror(a);
	assert_logged_once("answered nonsense");
	resolver_free(r);
}

static void
on_alarm(int sig)
{
	(void)sig;
}

static void
signals_do_not_cut_the_waiting_short(void **state)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval often = { { 0, 7000 }, { 0, 7000 } }, never;
	struct resolver *r = resolver("slow", 10);

	(void)state;
	memset(&never, 0, sizeof(never));
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(ask(r, "one").result, SPF_PASS);
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_DFL);
	resolver_free(r);
}

static void
the_directory_is_the_builds_or_the_environments(void **state)
{
	(void)state;
	unsetenv("LMTPD_LIBEXECDIR");
	assert_string_equal(resolver_dir(), LMTPD_LIBEXECDIR);
	setenv("LMTPD_LIBEXECDIR", "/somewhere/else", 1);
	assert_string_equal(resolver_dir(), "/somewhere/else");
	unsetenv("LMTPD_LIBEXECDIR");
}

static struct misdeed misdeeds[] = {
	{ "crash", "lmtpd-resolver was ended by signal 11: temperror" },
	{ "early", "lmtpd-resolver exited with status 3: temperror" },
	{ "quits", "lmtpd-resolver exited with status 5: temperror" },
	{ "unconfined", "--no-sandbox" },
	{ "closes", "lmtpd-resolver was ended by signal 9: temperror" },
	{ "empty", "lmtpd-resolver was ended by signal 9: temperror" },
	{ "half", "lmtpd-resolver answered nonsense: temperror" },
	{ "short", "lmtpd-resolver answered nonsense: temperror" },
	{ "long", "lmtpd-resolver answered nonsense: temperror" },
	{ "double", "lmtpd-resolver answered nonsense: temperror" },
	{ "nonsense", "lmtpd-resolver answered nonsense: temperror" },
	{ "counts", "lmtpd-resolver answered nonsense: temperror" },
	{ "records", "lmtpd-resolver answered nonsense: temperror" },
	{ "ttl", "lmtpd-resolver answered nonsense: temperror" }
};

#define CASE(f)		cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define MISDEED(n, what)						\
	{ "temperror of one that " what, misdeed_is_a_temperror, NULL,	\
	    NULL, &misdeeds[n] }

static const struct CMUnitTest tests[] = {
	CASE(nothing_is_started_before_the_first_question),
	CASE(one_process_answers_all_questions),
	CASE(the_same_question_is_answered_from_memory),
	CASE(only_the_same_question_is_the_same),
	CASE(a_token_is_asked_for_without_a_client),
	CASE(the_next_transaction_has_another_process),
	CASE(its_end_is_an_end_twice),
	CASE(the_time_is_for_all_questions_together),
	CASE(it_gets_the_channel_and_nothing_else),
	CASE(it_gets_no_byte_beyond_the_question),
	CASE(no_sandbox_is_told_only_where_it_is_asked_for),
	CASE(its_channel_may_have_the_right_number_already),
	CASE(it_dies_with_us),
	CASE(no_program_is_a_temperror),
	CASE(a_question_that_is_none_is_not_put),
	MISDEED(0, "crashes"),
	MISDEED(1, "ends before it is asked"),
	MISDEED(2, "ends when it is asked"),
	MISDEED(3, "cannot confine itself"),
	MISDEED(4, "closes the channel and lives"),
	MISDEED(5, "answers nothing at all"),
	MISDEED(6, "ends in the middle of its answer"),
	MISDEED(7, "answers a byte too little"),
	MISDEED(8, "answers a byte too much"),
	MISDEED(9, "answers twice in one packet"),
	MISDEED(10, "has a word of its own"),
	MISDEED(11, "counts too far"),
	MISDEED(12, "tells records nobody asked for"),
	MISDEED(13, "tells a TTL nobody asked for"),
	CASE(nobody_waits_longer_than_the_deadline_and_two_seconds),
	CASE(after_a_crash_the_next_question_has_a_new_process),
	CASE(an_answer_too_many_is_never_believed),
	CASE(an_answer_unasked_for_is_not_the_next_ones),
	CASE(one_that_ended_between_questions_is_a_temperror),
	CASE(one_reaped_by_another_is_a_temperror),
	CASE(a_token_in_no_record_is_nonsense),
	CASE(signals_do_not_cut_the_waiting_short),
	CASE(the_directory_is_the_builds_or_the_environments)
};

static void
remove_all(void)
{
	static const char *const names[] = { "pid", "crashed", "said",
	    "lmtpd-resolver" };
	DIR *dir = opendir(top);
	struct dirent *e;
	char path[1024];
	size_t i;

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			snprintf(path, sizeof(path), "%s/%s/%s", top,
			    e->d_name, names[i]);
			unlink(path);
		}
		snprintf(path, sizeof(path), "%s/%s", top, e->d_name);
		rmdir(path);
	}
	if (dir != NULL)
		closedir(dir);
	rmdir(top);
}

int
main(int argc, char **argv)
{
	int rc;

	fake_resolver(argc, argv);
	log_fd = memfd_create("log", MFD_CLOEXEC);
	if (log_fd == -1 || mkdtemp(top) == NULL)
		return 99;
	log_open("test_resolver", log_fd);
	signal(SIGPIPE, SIG_IGN);	/* as of the first start */
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	remove_all();
	return rc;
}
