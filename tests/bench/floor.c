/*
 * floor - the least that an LMTP handler can do: one connection on
 * descriptors 0 and 1, every message into a memfd, a command run with that as
 * its standard input.  It checks nothing and trusts everybody: it exists only
 * to be what lmtpd's cost is measured against.
 *
 *	floor [command argument ...]		(/bin/cat)
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct input {
	char	 buf[65536];
	size_t	 at, end;	/* unread is buf[at .. end) */
};

static void
put(int fd, const char *s, size_t n)
{
	ssize_t w;

	for (; n > 0; s += w, n -= w)
		if ((w = write(fd, s, n)) <= 0)
			_exit(1);
}

static void
say(const char *reply)
{
	put(STDOUT_FILENO, reply, strlen(reply));
}

/* Reads more behind what is unread; the end of input is our end. */
static void
fill(struct input *in)
{
	ssize_t n;

	memmove(in->buf, in->buf + in->at, in->end - in->at);
	in->end -= in->at;
	in->at = 0;
	n = read(STDIN_FILENO, in->buf + in->end, sizeof(in->buf) - in->end);
	if (n <= 0)
		_exit(0);
	in->end += n;
}

/* The next line, taken off the input; good until more is read. */
static const char *
next_line(struct input *in)
{
	char *line, *lf;

	while ((lf = memchr(in->buf + in->at, '\n', in->end - in->at)) == NULL)
		fill(in);
	line = in->buf + in->at;
	in->at = lf + 1 - in->buf;
	return line;
}

/* At the beginning of a line: takes a dot off.  True: it was the last line. */
static bool
line_begins(struct input *in)
{
	while (in->end - in->at < 3)
		fill(in);
	if (in->buf[in->at] != '.')
		return false;
	in->at++;
	if (memcmp(in->buf + in->at, "\r\n", 2) != 0)
		return false;
	in->at += 2;
	return true;
}

/* Only a line that begins with a dot matters: all else is copied as it is. */
static void
receive(struct input *in, int fd)
{
	char *start, *dot;
	size_t n;

	while (!line_begins(in))
		for (;;) {
			start = in->buf + in->at;
			n = in->end - in->at;
			dot = memmem(start, n, "\r\n.", 3);
			n = dot != NULL ? (size_t)(dot + 2 - start) :
			    n > 2 ? n - 2 : 0;
			put(fd, start, n);
			in->at += n;
			if (dot != NULL)
				break;
			fill(in);
		}
}

/*
 * The environment is that of lmtpd's contract, or it would not be the same
 * backend: many a program loads the locale that LC_ALL names.
 */
static bool
run(char **command, int fd)
{
	static char *environment[] = {
		"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL
	};
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null",
	    O_WRONLY, 0);
	if (posix_spawn(&pid, command[0], &files, NULL, command,
	    environment) != 0)
		return false;
	posix_spawn_file_actions_destroy(&files);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static void
data(struct input *in, char **command, int recipients)
{
	bool ok;
	int fd;

	if ((fd = memfd_create("message", MFD_CLOEXEC)) == -1)
		_exit(1);
	say("354 go\r\n");
	receive(in, fd);
	lseek(fd, 0, SEEK_SET);
	ok = run(command, fd);
	close(fd);
	while (recipients-- > 0)
		say(ok ? "250 ok\r\n" : "451 backend\r\n");
}

int
main(int argc, char **argv)
{
	static char *cat[] = { "/bin/cat", NULL };
	char **command = argc > 1 ? argv + 1 : cat;
	struct input in;
	const char *line;
	int recipients = 0;

	in.at = in.end = 0;
	say("220 floor LMTP\r\n");
	for (;;) {
		line = next_line(&in);
		if (strncasecmp(line, "DATA", 4) == 0) {
			data(&in, command, recipients);
			recipients = 0;
		} else if (strncasecmp(line, "LHLO", 4) == 0) {
			say("250-floor\r\n250-8BITMIME\r\n250 PIPELINING\r\n");
		} else if (strncasecmp(line, "QUIT", 4) == 0) {
			say("221 bye\r\n");
			return 0;
		} else {
			if (strncasecmp(line, "RCPT", 4) == 0)
				recipients++;
			else if (strncasecmp(line, "RSET", 4) == 0)
				recipients = 0;
			say("250 ok\r\n");
		}
	}
}
