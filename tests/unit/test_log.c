/*
 * The log: no text, however hostile, forges a line or reaches a terminal raw.
 * syslog(3) is our own here, so that what would reach it can be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"

#define NDELAY		0x08	/* LOG_NDELAY; <syslog.h> makes macros */
#define MAIL		(2 << 3)
#define WARNING		4
#define INFO		6

static struct {
	const char	*ident;
	int		 option;
	int		 facility;
	int		 priority;
	int		 lines;
	char		 text[2 * LOG_LINE_MAX];
} seen;

void	 openlog(const char *, int, int);
void	 syslog(int, const char *, ...);
void	 __syslog_chk(int, int, const char *, ...);

void
openlog(const char *ident, int option, int facility)
{
	seen.ident = ident;
	seen.option = option;
	seen.facility = facility;
}

static void
see(int priority, const char *fmt, va_list ap)
{
	seen.priority = priority;
	seen.lines++;
	vsnprintf(seen.text, sizeof(seen.text), fmt, ap);
	errno = EPIPE;		/* as where nobody listens */
}

void
syslog(int priority, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	see(priority, fmt, ap);
	va_end(ap);
}

/* What _FORTIFY_SOURCE makes of it. */
void
__syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list	 ap;

	(void)flag;
	va_start(ap, fmt);
	see(priority, fmt, ap);
	va_end(ap);
}

/*
 * A pipe that keeps writes apart: what the log writes at once is read at
 * once, and a second write would be a second line.
 */
static int	 reader = -1;

static int
setup(void **state)
{
	int	 fds[2];

	(void)state;
	if (pipe2(fds, O_DIRECT | O_NONBLOCK) == -1)
		return -1;
	reader = fds[0];
	memset(&seen, 0, sizeof(seen));
	log_open("lmtpd", fds[1]);
	return 0;
}

static ssize_t
next_write(char *buf, size_t size)
{
	ssize_t	 n = read(reader, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	return n;
}

static void
line_goes_to_both_in_one_write(void **state)
{
	char	 buf[2 * LOG_LINE_MAX];

	(void)state;
	log_info("accepted id=%d %s", 7, "client=192.0.2.1");
	assert_int_equal(seen.priority, MAIL | INFO);
	assert_string_equal(seen.text, "accepted id=7 client=192.0.2.1");
	next_write(buf, sizeof(buf));
	assert_string_equal(buf, "lmtpd: accepted id=7 client=192.0.2.1\n");
	assert_int_equal(next_write(buf, sizeof(buf)), -1);
	log_warnx("odd");
	assert_int_equal(seen.priority, MAIL | WARNING);
	next_write(buf, sizeof(buf));
	assert_string_equal(buf, "lmtpd: odd\n");
	assert_int_equal(seen.lines, 2);
}

static void
warning_tells_errno_and_keeps_it(void **state)
{
	(void)state;
	errno = ENOENT;
	log_warn("open %s", "x");
	assert_int_equal(errno, ENOENT);
	assert_string_equal(seen.text, "open x: No such file or directory");
	assert_int_equal(seen.priority, MAIL | WARNING);
}

static void
control_characters_never_pass(void **state)
{
	char	 buf[2 * LOG_LINE_MAX];

	(void)state;
	log_info("a\nlmtpd: accepted\r\t\033[2J\177\302\205\303\274%s", "\n%n");
	assert_string_equal(seen.text, "a\\012lmtpd: accepted\\015\\011\\033[2J"
	    "\\177\\302\\205\\303\\274\\012%n");
	next_write(buf, sizeof(buf));
	assert_ptr_equal(strchr(buf, '\n'), buf + strlen(buf) - 1);
}

static void
what_was_made_safe_is_not_escaped_twice(void **state)
{
	char	 safe[64];

	(void)state;
	log_info("from=%s", log_value(safe, sizeof(safe), "a b\\c"));
	assert_string_equal(seen.text, "from=a\\040b\\134c");
}

static void
long_line_is_cut_before_an_escape(void **state)
{
	char	 text[2 * LOG_LINE_MAX], buf[2 * LOG_LINE_MAX];
	size_t	 n;

	(void)state;
	memset(text, '\001', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	n = (size_t)next_write(buf, sizeof(buf));
	assert_true(n <= LOG_LINE_MAX && n > LOG_LINE_MAX - 8);
	assert_int_equal(n, strlen("lmtpd: ") + strlen(seen.text) + 1);
	assert_int_equal(buf[n - 1], '\n');
	assert_string_equal(buf + n - 5, "\\001\n");
	assert_int_equal(strlen(seen.text) % 4, 0);
	memset(text, 'a', sizeof(text) - 1);
	log_info("%s", text);
	n = (size_t)next_write(buf, sizeof(buf));
	assert_true(n <= LOG_LINE_MAX && n >= LOG_LINE_MAX - 2);
	assert_int_equal(buf[n - 1], '\n');
}

static void
syslog_is_opened_lazily(void **state)
{
	(void)state;
	assert_string_equal(seen.ident, "lmtpd");
	assert_int_equal(seen.option & NDELAY, 0);
	assert_int_equal(seen.facility, MAIL);
	assert_int_equal(seen.lines, 0);
}

static void
without_a_descriptor_syslog_alone(void **state)
{
	char	 buf[64];

	(void)state;
	log_open("lmtpd", -1);
	log_info("x");
	assert_string_equal(seen.text, "x");
	assert_int_equal(next_write(buf, sizeof(buf)), -1);
}

static void
hostile_text_is_made_safe(void **state)
{
	char	 buf[64];

	(void)state;
	assert_string_equal(log_safe(buf, sizeof(buf), "a b=\"c\"~"),
	    "a b=\"c\"~");
	assert_string_equal(log_safe(buf, sizeof(buf), "\\\n\303\274\177"),
	    "\\134\\012\\303\\274\\177");
	assert_string_equal(log_value(buf, sizeof(buf), "a b=\"c\"\\"),
	    "a\\040b\\075\\042c\\042\\134");
	assert_string_equal(log_value(buf, sizeof(buf), "boss@example.org"),
	    "boss@example.org");
	assert_string_equal(log_value(buf, sizeof(buf), ""), "");
}

/* At every size the most that has room, and no escape cut in two. */
static void
safe_text_is_cut_at_its_size(void **state)
{
	static const char	 whole[] = "ab\\001\\377c\\134";
	static const size_t	 stops[] = { 0, 1, 2, 6, 10, 11, 15 };
	char			 buf[32];
	size_t			 i, n, size;

	(void)state;
	for (size = 1; size < sizeof(buf); size++) {
		memset(buf, 0x5a, sizeof(buf));
		assert_ptr_equal(log_safe(buf, size, "ab\001\377c\\"), buf);
		for (n = i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
			if (stops[i] < size)
				n = stops[i];
		}
		assert_int_equal(strnlen(buf, sizeof(buf)), n);
		assert_memory_equal(buf, whole, n);
		assert_int_equal(buf[size], 0x5a);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup(syslog_is_opened_lazily, setup),
		cmocka_unit_test_setup(line_goes_to_both_in_one_write, setup),
		cmocka_unit_test_setup(warning_tells_errno_and_keeps_it, setup),
		cmocka_unit_test_setup(control_characters_never_pass, setup),
		cmocka_unit_test_setup(what_was_made_safe_is_not_escaped_twice,
		    setup),
		cmocka_unit_test_setup(long_line_is_cut_before_an_escape,
		    setup),
		cmocka_unit_test_setup(without_a_descriptor_syslog_alone,
		    setup),
		cmocka_unit_test(hostile_text_is_made_safe),
		cmocka_unit_test(safe_text_is_cut_at_its_size),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
