/*
 * lmtptext: the text of the message on standard input.  It trusts what started
 * it, and no byte of the message: until it is confined, it reads the message
 * and looks for names of charsets in it, and no more.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "libexec.h"
#include "like.h"
#include "sandbox.h"
#include "text_buf.h"
#include "text_charset.h"
#include "text_clean.h"
#include "text_cut.h"
#include "text_html.h"
#include "text_mime.h"
#include "text_segments.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define MIB		(1024 * 1024)
#define CHUNK		(64 * 1024)
#define MESSAGE_MAX	(256 * MIB)
#define SECONDS		10		/* of CPU */
#define DESCRIPTORS	4		/* 0 to 2, and Landlock's */

enum piece {
	SUBJECT,
	BODY,
	PIECES
};

struct wanted {
	enum piece	  pieces[PIECES];
	size_t		  npieces;
	struct like	**cut_at;
	size_t		  ncut_at;
	size_t		  segments;	/* 0: any number */
	bool		  cut;		/* what is over it; else refuse */
	bool		  unconfined;
};

/* --- what is asked for ---------------------------------------------------- */

static void __attribute__((noreturn))
usage(void)
{
	fputs("usage: lmtptext [--text=subject,body] [--cut-at=pattern] ...\n"
	    "\t[--max-segments=number] [--overflow=refuse|cut] [--no-sandbox]\n"
	    "\t< message\n",
	    stderr);
	exit(EX_USAGE);
}

static void
want_pieces(struct wanted *w, char *list)
{
	static const char *const names[] = { "subject", "body" };
	char			*name;
	enum piece		 piece;

	w->npieces = 0;
	while ((name = strsep(&list, ",")) != NULL) {
		for (piece = SUBJECT; piece < PIECES; piece++)
			if (strcmp(name, names[piece]) == 0)
				break;
		if (piece == PIECES || w->npieces == PIECES ||
		    (w->npieces == 1 && w->pieces[0] == piece))
			errx(EX_USAGE, "--text: %s: subject and body, each "
			    "once", name);
		w->pieces[w->npieces++] = piece;
	}
}

/* An empty pattern cuts nowhere: so the default is switched off. */
static void
want_cut(struct wanted *w, const char *pattern)
{
	struct like_error	 e;

	if (*pattern == '\0')
		return;
	w->cut_at = reallocarray(w->cut_at, w->ncut_at + 1,
	    sizeof(w->cut_at[0]));
	if (w->cut_at == NULL)
		err(EX_OSERR, NULL);
	w->cut_at[w->ncut_at] = like_compile(pattern, strlen(pattern),
	    LIKE_BINARY, &e);
	if (w->cut_at[w->ncut_at++] != NULL)
		return;
	if (e.what == NULL)
		err(EX_OSERR, NULL);
	errx(EX_USAGE, "--cut-at: character %zu: %s, %s", e.at + 1, e.what,
	    e.right);
}

static void
want_segments(struct wanted *w, const char *number)
{
	const char	*why;

	w->segments = (size_t)strtonum(number, 0, TEXT_SEGMENTS_MAX, &why);
	if (why != NULL)
		errx(EX_USAGE, "--max-segments: %s: %s, 0 to %d", number, why,
		    TEXT_SEGMENTS_MAX);
}

static void
want_overflow(struct wanted *w, const char *how)
{
	w->cut = strcmp(how, "cut") == 0;
	if (!w->cut && strcmp(how, "refuse") != 0)
		errx(EX_USAGE, "--overflow: %s: refuse or cut", how);
}

static void
read_options(struct wanted *w, int argc, char **argv)
{
	static const struct option options[] = {
		{ "text", required_argument, NULL, 't' },
		{ "cut-at", required_argument, NULL, 'c' },
		{ "max-segments", required_argument, NULL, 'm' },
		{ "overflow", required_argument, NULL, 'o' },
		{ "no-sandbox", no_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 }
	};
	bool	 told = false;
	int	 c;

	*w = (struct wanted){ .pieces = { SUBJECT, BODY }, .npieces = 2 };
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		told |= c == 'c';
		if (c == 't')
			want_pieces(w, optarg);
		else if (c == 'c')
			want_cut(w, optarg);
		else if (c == 'm')
			want_segments(w, optarg);
		else if (c == 'o')
			want_overflow(w, optarg);
		else if (c == 'n')
			w->unconfined = true;
		else
			usage();
	}
	if (optind != argc)
		usage();
	if (!told)
		want_cut(w, "-- ");
}

static void
wanted_free(struct wanted *w)
{
	for (size_t i = 0; i < w->ncut_at; i++)
		like_free(w->cut_at[i]);
	free(w->cut_at);
}

/* --- the message, unread -------------------------------------------------- */

/* The first line begins with the code that the reply is to have. */
static void __attribute__((noreturn, format(printf, 2, 3)))
refuse(int code, const char *format, ...)
{
	va_list	 args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(code);
}

static void
check_size(size_t n)
{
	if (n > MESSAGE_MAX)
		refuse(EX_DATAERR, "5.3.4 a message over %d MiB is not read "
		    "for its text", MESSAGE_MAX / MIB);
}

/* Behind it stand two line ends, for a message that is all header. */
static struct text_buf
read_message(void)
{
	struct text_buf	 message = { .s = NULL };
	char		*chunk = malloc(CHUNK);
	struct stat	 st;
	ssize_t		 n;

	if (chunk == NULL || fstat(STDIN_FILENO, &st) == -1)
		err(EX_OSERR, "standard input");
	if (S_ISREG(st.st_mode))
		check_size((size_t)st.st_size);
	while ((n = read(STDIN_FILENO, chunk, CHUNK)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			err(EX_OSERR, "standard input");
		text_add(&message, chunk, (size_t)n);
		check_size(message.n);
	}
	free(chunk);
	text_add(&message, "\n\n", 2);
	if (message.broken)
		errx(EX_OSERR, "no memory for the message");
	return message;
}

/* --- confinement ---------------------------------------------------------- */

/* Less than that, by a limit of the service's, is no fault of the message's. */
static int
limit_fully(int resource, size_t most, const char *what)
{
	struct rlimit	 limit;

	if (sandbox_limit(resource, most) == -1 ||
	    getrlimit(resource, &limit) == -1)
		return -1;
	if (limit.rlim_cur < most)
		errx(EX_OSERR, "limits: the service's own leaves too little %s",
		    what);
	return 0;
}

/* First comes SIGXCPU, which the message is to blame for; then SIGKILL. */
static void
limit_time(void)
{
	struct rlimit	 limit = { SECONDS, SECONDS + 1 };

	if (limit_fully(RLIMIT_CPU, SECONDS + 1, "CPU time") == -1 ||
	    setrlimit(RLIMIT_CPU, &limit) == -1)
		err(EX_OSERR, "limits");
}

static int
set_limits(size_t message)
{
	return limit_fully(RLIMIT_AS, LIBEXEC_TEXT_MEMORY + message, "memory") == -1 ||
	    limit_fully(RLIMIT_DATA, LIBEXEC_TEXT_MEMORY + message, "memory") == -1 ||
	    sandbox_limit(RLIMIT_FSIZE, LIBEXEC_TEXT_MEMORY) == -1 ||
	    sandbox_limit(RLIMIT_NOFILE, DESCRIPTORS) == -1 ||
	    sandbox_limit(RLIMIT_NPROC, 0) == -1 ? -1 : 0;
}

static void
confine(size_t message, const struct wanted *w)
{
	enum sandbox_step	 step;

	if (close_range(STDERR_FILENO + 1, ~0U, 0) == -1)
		err(EX_OSERR, "descriptors");
	if (set_limits(message) == -1)
		err(EX_OSERR, "limits");
	if (!w->unconfined && (step = sandbox_text()) != SANDBOX_STEPS)
		err(EX_OSERR, "sandbox: %s", sandbox_step_name(step));
}

/* --- the text ------------------------------------------------------------- */

static void
shape(struct text_buf pieces[PIECES], const struct wanted *w)
{
	struct text_buf	*body = &pieces[BODY];

	text_fold_line(&pieces[SUBJECT]);
	body->n = text_cut(body->s, body->n, w->cut_at, w->ncut_at);
	text_fold(body);
}

static void
join(const struct text_buf pieces[PIECES], const struct wanted *w,
    struct text_buf *text)
{
	const struct text_buf	*piece;

	for (size_t i = 0; i < w->npieces; i++) {
		piece = &pieces[w->pieces[i]];
		if (text->n > 0 && piece->n > 0)
			text_add_byte(text, '\n');
		text_add(text, piece->s, piece->n);
		text->broken |= piece->broken;
	}
}

static struct text_buf
text_of(struct text_buf *message, const struct text_charsets *sets,
    const struct wanted *w)
{
	struct text_buf	 pieces[PIECES] = { { .s = NULL } };
	struct text_buf	 text = { .s = NULL };

	if (text_mime_read(message, sets, &pieces[SUBJECT], &pieces[BODY]) ==
	    -1)
		refuse(EX_DATAERR, "5.6.0 parts of the message are nested more "
		    "than %d deep", TEXT_DEPTH_MAX);
	shape(pieces, w);
	join(pieces, w, &text);
	if (text.broken)
		refuse(EX_SOFTWARE, "5.6.0 the text takes too much memory");
	text_reset(&pieces[SUBJECT]);
	text_reset(&pieces[BODY]);
	return text;
}

static void
hold_to_segments(struct text_buf *text, const struct wanted *w)
{
	size_t	 takes = text_segments(text->s, text->n);

	if (w->segments == 0 || takes <= w->segments)
		return;
	if (!w->cut)
		refuse(EX_DATAERR, "5.2.3 the text takes %zu segments, %zu %s "
		    "allowed", takes, w->segments,
		    w->segments == 1 ? "is" : "are");
	text->n = text_fit(text->s, text->n, w->segments);
	text_fold(text);
	fprintf(stderr, "cut: the text took %zu segments, %zu %s allowed\n",
	    takes, w->segments, w->segments == 1 ? "is" : "are");
}

/* No line end behind the last line: it would be sent, and paid for. */
static void
put_out(const struct text_buf *text)
{
	size_t	 at = 0;
	ssize_t	 n;

	while (at < text->n) {
		n = write(STDOUT_FILENO, text->s + at, text->n - at);
		if (n == -1 && errno != EINTR)
			err(EX_OSERR, "standard output");
		at += n > 0 ? (size_t)n : 0;
	}
}

int
main(int argc, char **argv)
{
	struct text_charsets	*sets;
	struct text_buf		 message, text;
	struct wanted		 wanted;

	read_options(&wanted, argc, argv);
	/* a limit of the service's is no fault of the message's */
	signal(SIGXFSZ, SIG_IGN);
	limit_time();
	text_mime_init();
	text_html_init();
	message = read_message();
	if ((sets = text_charsets_open(message.s, message.n)) == NULL)
		err(EX_OSERR, NULL);
	confine(message.n, &wanted);
	text = text_of(&message, sets, &wanted);
	if (text.n == 0)
		refuse(EX_DATAERR, "5.6.0 no text in the message");
	hold_to_segments(&text, &wanted);
	put_out(&text);
	text_reset(&text);
	text_charsets_close(sets);
	wanted_free(&wanted);
	return EX_OK;
}
