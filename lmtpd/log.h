/*
 * The log: syslog, facility mail, and stderr too when asked.  Control
 * characters never reach it: every line is escaped as a whole.
 */
#ifndef LOG_H
#define LOG_H

#include <stddef.h>

#define LOG_LINE_MAX	2048	/* of a line with name and LF; the rest is cut */

/*
 * name is kept by pointer.  fd is where lines go beside syslog, or -1.
 * Nothing is connected to before the first line.
 */
void	 log_open(const char *name, int fd);
/* From now on they go to fd alone. */
void	 log_no_syslog(void);
void	 log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
/* log_warn() adds ": " and the text of errno; errno stays as it was. */
void	 log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
void	 log_warnx(const char *, ...) __attribute__((format(printf, 1, 2)));

/*
 * Hostile text made safe for a log line, a reply or a terminal: what is not
 * printable ASCII, and the backslash, becomes a backslash and three octal
 * digits, as strvis(3) writes them.  Cut at size, before an escape that has
 * no room; always NUL terminated.  size is 1 at least.  Returns dst.
 * (The line as a whole is escaped but for backslashes, so that this still
 * reads as it was written.)
 */
char	*log_safe(char *dst, size_t size, const char *src);
/* As log_safe(), and blanks, '=' and '"' escaped too: a value of key=value. */
char	*log_value(char *dst, size_t size, const char *src);

#endif
