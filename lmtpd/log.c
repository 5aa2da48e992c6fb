/*
 * The log.  It trusts no text that it is given: addresses, HELO names and
 * what backends print come by here, and none may forge a line or reach a
 * terminal raw.
 *
 * Escapes are written here, not by strnvis(3): libbsd's allocates for each
 * call, cuts escapes in two, and writes its NUL one byte past the end of a
 * destination that is full (seen in 0.11.7).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"

static struct {
	const char	*name;
	int		 fd;
} log_to = { "lmtpd", -1 };

/*
 * Copies src with what is not printable, and what is in extra, as \ooo.
 * Returns the length of what found room.
 */
static size_t
escape(char *dst, size_t size, const char *src, const char *extra)
{
	size_t		 n = 0;
	unsigned char	 c;

	for (; (c = (unsigned char)*src) != '\0'; src++) {
		if (c >= 0x20 && c < 0x7f && strchr(extra, c) == NULL) {
			if (size - n < 2)
				break;
			dst[n++] = (char)c;
			continue;
		}
		if (size - n < 5)
			break;
		dst[n++] = '\\';
		dst[n++] = (char)('0' + (c >> 6));
		dst[n++] = (char)('0' + (c >> 3 & 7));
		dst[n++] = (char)('0' + (c & 7));
	}
	dst[n] = '\0';
	return n;
}

char *
log_safe(char *dst, size_t size, const char *src)
{
	escape(dst, size, src, "\\");
	return dst;
}

char *
log_value(char *dst, size_t size, const char *src)
{
	escape(dst, size, src, "\\ =\"");
	return dst;
}

void
log_open(const char *name, int fd)
{
	log_to.name = name;
	log_to.fd = fd;
	/* without LOG_NDELAY: connected by the first line */
	openlog(name, LOG_PID, LOG_MAIL);
}

void
log_no_syslog(void)
{
	setlogmask(LOG_MASK(LOG_EMERG));
}

/* One write for the descriptor: lines of many processes do not mix. */
static void
write_line(int priority, const char *text)
{
	char	 line[LOG_LINE_MAX];
	size_t	 head, n;

	n = (size_t)snprintf(line, sizeof(line) / 4, "%s: ", log_to.name);
	head = n < sizeof(line) / 4 ? n : sizeof(line) / 4 - 1;
	n = head + escape(line + head, sizeof(line) - head - 1, text, "");
	syslog(LOG_MAIL | priority, "%s", line + head);
	if (log_to.fd == -1)
		return;
	line[n++] = '\n';
	if (write(log_to.fd, line, n) == -1)
		return;		/* there is nowhere left to tell it */
}

static void
log_va(int priority, int error, const char *fmt, va_list ap)
{
	char	 text[LOG_LINE_MAX] = "";
	size_t	 n;
	int	 saved = errno;

	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	n = strlen(text);
	if (error != 0)
		snprintf(text + n, sizeof(text) - n, ": %s", strerror(error));
	write_line(priority, text);
	errno = saved;
}

void
log_info(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_va(LOG_INFO, 0, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_va(LOG_WARNING, errno, fmt, ap);
	va_end(ap);
}

void
log_warnx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_va(LOG_WARNING, 0, fmt, ap);
	va_end(ap);
}
