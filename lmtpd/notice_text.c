/*
 * What a notice says.  Senders and messages are hostile text: whoever reads
 * the mail is to see one line for each, on any terminal.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mailer.h"
#include "notice_text.h"

#define SHOWN_MAX	300	/* of any text out of mail, escaped */

static const char *
time_text(char out[32], time_t when)
{
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		strlcpy(out, "?", 32);
	return out;
}

/* Google and Outlook count as one server each. */
static bool
is_provider(const struct seen *s)
{
	return strcmp(s->where, "google") == 0 ||
	    strcmp(s->where, "outlook") == 0;
}

static void
put_fact(FILE *f, const char *name, const char *text)
{
	char safe[SHOWN_MAX];

	if (*text != '\0')
		fprintf(f, "    %-10s %s\n", name,
		    log_safe(safe, sizeof(safe), text));
}

static void
put_one(FILE *f, const struct policy *p, const struct account *a,
    const struct seen *s)
{
	char when[32];

	fprintf(f, "A registered sender of account \"%s\" sent mail through a "
	    "server that lmtpd\non %s had not seen for this account:\n\n",
	    a->name, p->hostname);
	put_fact(f, is_provider(s) ? "Provider:" : "Address:", s->where);
	put_fact(f, "Sender:", s->sender);
	put_fact(f, "When:", time_text(when, s->when));
	put_fact(f, "Message:", s->message);
	put_fact(f, "Decision:", s->decision);
}

/* The sender's section takes mail from there. */
static bool
is_taken(const struct seen *s)
{
	return strcmp(s->decision, SEEN_AUTHORISED) == 0;
}

static void
put_summary(FILE *f, const struct policy *p, const struct account *a,
    const struct seen *s, size_t n)
{
	char safe[SHOWN_MAX], when[32];
	size_t i;

	fprintf(f, "Registered senders of account \"%s\" sent mail through %zu "
	    "servers that lmtpd\non %s had not seen for this account.  Each "
	    "with its first message:\n\n", a->name, n, p->hostname);
	for (i = 0; i < n && i < NOTICE_LISTED; i++)
		fprintf(f, "    %-40s %s  %s%s\n", s[i].where,
		    time_text(when, s[i].when),
		    log_safe(safe, sizeof(safe), s[i].sender),
		    is_taken(&s[i]) ? "" : "  (not taken)");
	if (n > NOTICE_LISTED)
		fprintf(f, "    and %zu more\n", n - NOTICE_LISTED);
}

static void
advise_to_restrict(FILE *f, const struct seen *s, size_t n)
{
	fprintf(f, "If the account sends its mail from there, nothing is to "
	    "be done.\n\nTo take mail from its own servers only, let the "
	    "sender's section (email, domain\nor users) of lmtpd.conf on that "
	    "machine name them and nothing else, such as\n\n"
	    "    security = {\"%s\"}\n\n"
	    "Who sends from elsewhere is refused then.  To refuse the sender "
	    "wherever he\nsends from, remove his section.  Afterwards: lmtpctl "
	    "check\n\n", n == 1 ? s->where : "192.0.2.7");
}

/* Whoever sees it first may be a forger: no line to be copied. */
static void
advise_to_admit(FILE *f)
{
	fprintf(f, "Where the mail was not taken, or only for enforce = false: "
	    "if that is a server of\nthe account, add it to what security "
	    "names in the sender's section (email, domain\nor users) of "
	    "lmtpd.conf on that machine; if it is none, somebody used the "
	    "sender's\nname, and nothing is to be done.  Afterwards: lmtpctl "
	    "check\n\n");
}

static void
put_advice(FILE *f, const struct account *a, const struct seen *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && is_taken(&s[i]); i++)
		;
	fprintf(f, "\n");
	if (i == n)
		advise_to_restrict(f, s, n);
	else
		advise_to_admit(f);
	fprintf(f, "All servers that the account was seen with:\n\n"
	    "    lmtpctl seen %s\n\nYou get one mail for each new server, and "
	    "one summary where there are many.\n", a->name);
}

static char *
make_subject(const struct account *a, const struct seen *s, size_t n)
{
	char *subject;
	int rc;

	if (n == 1)
		rc = asprintf(&subject, "New server address %s for account %s",
		    s->where, a->name);
	else
		rc = asprintf(&subject, "%zu new server addresses for account "
		    "%s", n, a->name);
	return rc == -1 ? NULL : subject;
}

/* The same for the same notice: what a crash repeats can be told by it. */
static char *
make_id(const struct account *a, const struct seen *s, size_t n)
{
	char *id;

	return asprintf(&id, "%s/%s/%lld/%zu", a->name, s->where,
	    (long long)s->when, n) == -1 ? NULL : id;
}

static char *
make_head(const struct policy *p, const struct account *a,
    const struct seen *s, size_t n)
{
	char *id = make_id(a, s, n), *subject = make_subject(a, s, n);
	char *head = NULL;

	if (id != NULL && subject != NULL)
		head = mailer_head(p, &a->admin, subject, id);
	free(subject);
	free(id);
	return head;
}

char *
notice_text(const struct policy *p, const struct account *a,
    const struct seen *s, size_t n)
{
	char *head = make_head(p, a, s, n), *text = NULL;
	size_t len = 0;
	FILE *f = head != NULL ? open_memstream(&text, &len) : NULL;

	if (f == NULL) {
		free(head);
		return NULL;
	}
	fprintf(f, "%s\n", head);
	free(head);
	if (n == 1)
		put_one(f, p, a, s);
	else
		put_summary(f, p, a, s, n);
	put_advice(f, a, s, n);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}
